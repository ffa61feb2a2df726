import { CodedError } from '#libs/crypto';

/**
 * - `unreachable`: no connection, or it broke
 * - `timeout`: no whole answer in time
 * - `refused`: the service understood the request and said no (4xx)
 * - `redirected`: the service sent us to another address, which is not followed
 * - `unexpected-answer`: a status or a body that its protocol doesn't have
 * - `too-large`: more bytes than any honest answer has
 * - `rate-limited`: busy (429, 503), still so after the last try
 */
export type ServiceErrorCode =
  'unreachable' | 'timeout' | 'refused' | 'redirected' | 'unexpected-answer' | 'too-large' | 'rate-limited';

export interface ServiceErrorOptions extends ErrorOptions {
  readonly status?: number;
  /** What the service said, as text; hostile, possibly cut. */
  readonly body?: string;
  readonly retryAfterMs?: number;
}

/** What went wrong between us and a service. An abort by the caller is not one: it throws the signal's own reason. */
export class ServiceError extends CodedError<ServiceErrorCode> {
  readonly status: number | undefined;
  readonly body: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ServiceErrorCode, message: string, options: ServiceErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status;
    this.body = options.body;
    this.retryAfterMs = options.retryAfterMs;
  }
}
