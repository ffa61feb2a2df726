import { text } from './answer.js';
import { exchange, type CallOptions } from './exchange.js';

export interface Health {
  /** Undefined: the service has no `/health/ready`, which says nothing about it. */
  readonly ready: boolean | undefined;
  readonly detail: string;
  /** The service's clock, to the second. */
  readonly date: Date | undefined;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/** Asks `/health/ready` at the service's host. @throws ServiceError unreachable, timeout, too-large */
export async function fetchHealth(serviceUrl: string, options?: CallOptions): Promise<Health> {
  const answer = await exchange(
    {
      service: 'the service',
      url: new URL('/health/ready', serviceUrl).href,
      method: 'GET',
      maxBytes: MAX_ANSWER_BYTES,
    },
    options,
  );
  const date = new Date(answer.headers.get('date') ?? Number.NaN);
  return {
    ready: answer.status === 200 ? true : answer.status === 503 ? false : undefined,
    detail: text(answer),
    date: Number.isNaN(date.getTime()) ? undefined : date,
  };
}
