import { explanation, text } from './answer.js';
import { exchange, name, type Answer, type CallOptions, type ServiceRequest } from './exchange.js';
import { ServiceError } from './service-error.js';

const DEFAULT_TRIES = 3;
const DEFAULT_PAUSE_MS = 1_000;
/** A service that wants a longer pause than this is given up on at once. */
const MAX_PAUSE_MS = 30_000;

/**
 * As `exchange`, and asks a busy service again after the pause it names. Only for requests that may be repeated.
 * @throws ServiceError also rate-limited, with `retryAfterMs`
 */
export async function exchangePatiently(request: ServiceRequest, options: CallOptions = {}): Promise<Answer> {
  const tries = options.tries ?? DEFAULT_TRIES;
  for (let tried = 1; ; tried++) {
    const answer = await exchange(request, options);
    if (answer.status !== 429 && answer.status !== 503) return answer;
    const pauseMs = retryAfterMs(answer.headers, Date.now()) ?? DEFAULT_PAUSE_MS;
    if (tried >= tries || pauseMs > MAX_PAUSE_MS) throw busy(answer, tried, pauseMs);
    await pause(pauseMs, options.signal);
  }
}

/** Retry-After (RFC 9110 §10.2.3), seconds or a date, in ms from `now`; undefined when absent or malformed. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = value.endsWith(' GMT') ? Date.parse(value) : Number.NaN; // Date.parse takes far more than HTTP dates
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function busy(answer: Answer, tried: number, pauseMs: number): ServiceError {
  const body = text(answer);
  const said = explanation(body);
  const asked = tried === 1 ? 'asked once' : `asked ${tried} times`;
  return new ServiceError(
    'rate-limited',
    `${name(answer.request)} is busy (HTTP ${answer.status}, ${asked})${said === '' ? '' : `: ${said}`}; ` +
      `it wants a pause of ${Math.ceil(pauseMs / 1000)} s`,
    { status: answer.status, body, retryAfterMs: pauseMs },
  );
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, ms);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
