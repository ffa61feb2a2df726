import { ServiceError } from './service-error.js';

/** `base` with `path` behind it, whatever the slashes. @throws ServiceError unreachable when it is no http(s) URL */
export function serviceUrl(base: string, path: string): string {
  let url: URL;
  try {
    url = new URL(base);
  } catch (cause) {
    throw new ServiceError('unreachable', `${base} is not a URL`, { cause });
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ServiceError('unreachable', `${base} is not an http or https URL`);
  }
  return `${base.replace(/\/+$/, '')}/${path}`;
}
