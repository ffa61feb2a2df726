import { concatBytes } from '#libs/crypto';
import { ServiceError } from './service-error.js';

/** Every call takes these; each has a safe default. */
export interface CallOptions {
  /** Aborts the call; what it throws then is the signal's reason. */
  readonly signal?: AbortSignal;
  /** For one try: connecting, sending and reading the whole answer. Default 30 s. */
  readonly timeoutMs?: number;
  /** How often a busy service (429, 503) is asked in all, where asking again is harmless. Default 3. */
  readonly tries?: number;
}

export interface ServiceRequest {
  /** Who is asked, for messages: `the log`. */
  readonly service: string;
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** More than this, after decompression, is `too-large`. */
  readonly maxBytes: number;
}

/** A whole answer of any status but a redirect. */
export interface Answer {
  readonly request: ServiceRequest;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const DEFAULT_TIMEOUT_MS = 30_000;
/** Of the address that a redirect names, for messages. */
const LOCATION_CHARACTERS = 200;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * One request and its whole answer, whatever its status. No redirect is followed, not even on the same host: a request goes
 * to the address that was configured and nowhere else, neither with a token nor, at a log's bidding, into our own network.
 * @throws ServiceError unreachable, timeout, redirected, too-large; the signal's reason when the caller aborts
 */
export async function exchange(request: ServiceRequest, options: CallOptions = {}): Promise<Answer> {
  const { signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body as BodyInit }),
      redirect: 'manual',
      credentials: 'omit',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    // A browser shows nothing of a redirect but that it is one.
    if (response.type === 'opaqueredirect' || REDIRECTS.has(response.status)) {
      await response.body?.cancel();
      throw redirected(request, response);
    }
    return { request, status: response.status, headers: response.headers, body: await readBody(request, response) };
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    if (signal?.aborted) throw signal.reason;
    if (timeout.aborted) {
      throw new ServiceError('timeout', `${name(request)} did not answer within ${timeoutMs} ms`, { cause });
    }
    throw new ServiceError('unreachable', `${name(request)} can't be reached: ${reason(cause)}`, { cause });
  }
}

/** `the log at http://…`, for messages. */
export function name(request: ServiceRequest): string {
  return `${request.service} at ${request.url}`;
}

/** It has no status: nobody who went elsewhere has answered. */
function redirected(request: ServiceRequest, { status, headers }: Response): ServiceError {
  const location = headers.get('location')?.slice(0, LOCATION_CHARACTERS);
  // The bytes of a header are any: a terminal must not obey them.
  const where = location === undefined ? 'elsewhere' : `to ${JSON.stringify(location.replace(/[^!-~]+/g, '?'))}`;
  const said = `${name(request)} redirects ${where} (HTTP ${status})`;
  return new ServiceError('redirected', `${said}, which is not followed: configure the address that answers`);
}

async function readBody(request: ServiceRequest, response: Response): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return concatBytes(...chunks);
    length += value.length;
    if (length > request.maxBytes) {
      await reader.cancel();
      throw new ServiceError('too-large', `${name(request)} sent more than ${request.maxBytes} bytes`, {
        status: response.status,
      });
    }
    chunks.push(value);
  }
}

/** fetch says "fetch failed" and hides the reason one or two causes below. */
function reason(error: unknown): string {
  let said = String(error);
  for (
    let at = error as { message?: unknown; code?: unknown; cause?: unknown } | undefined;
    at;
    at = at.cause as typeof at
  ) {
    if (typeof at.message === 'string' && at.message !== '') said = at.message;
    if (typeof at.code === 'string') return said.includes(at.code) ? said : `${said} (${at.code})`;
  }
  return said;
}
