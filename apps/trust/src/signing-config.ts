import type { ServiceUrl, SigningConfig } from '#libs/verify';
import type { Deployment } from './deployment.js';
import { parseChain } from './trusted-root.js';

const REKOR_API_VERSION = 2;
/** Fulcio's is 1, although its path says v2; the other services have one version only. */
const API_VERSION = 1;

/** Where to sign: what is frozen or retired is left out. */
export function signingConfig(deployment: Deployment): SigningConfig {
  const operator = deployment.name;
  const authority = ({ url, chain, end }: { url: string; chain: string; end?: string | undefined }): ServiceUrl[] => {
    const start = parseChain(chain)[0]?.notBefore;
    return end !== undefined || start === undefined
      ? []
      : [{ url, majorApiVersion: API_VERSION, validFor: { start }, operator }];
  };
  return {
    caUrls: deployment.certificateAuthorities.flatMap(authority),
    oidcUrls: deployment.issuers.map(({ url, start }) => ({
      url,
      majorApiVersion: API_VERSION,
      validFor: { start: new Date(start) },
      operator,
    })),
    rekorTlogUrls: deployment.rekorLogs
      .filter(({ end }) => end === undefined)
      .map(({ url, start }) => ({
        url,
        majorApiVersion: REKOR_API_VERSION,
        validFor: { start: new Date(start) },
        operator,
      })),
    tsaUrls: deployment.timestampAuthorities.flatMap(authority),
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'ANY' },
  };
}
