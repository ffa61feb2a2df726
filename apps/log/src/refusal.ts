import { EntryError } from '#libs/entry';
import { HttpError } from '#libs/server';
import { PreChainError } from './certificates/pre-chain.js';
import { LogError } from './log-error.js';
import type { LogMetrics } from './metrics.js';

const RETRY_AFTER = { 'retry-after': '1' };

/** How a refusal is answered: 400 for what can't be logged, 503 for what should be tried again. */
export function toHttpError(error: unknown, metrics: LogMetrics): unknown {
  if (error instanceof EntryError || error instanceof PreChainError) {
    metrics.refused.inc({ code: error.code });
    return new HttpError(400, error.message, { cause: error });
  }
  if (error instanceof LogError) {
    metrics.refused.inc({ code: error.code });
    if (error.code === 'read-only') return new HttpError(405, error.message, { cause: error });
    // What freezes a log is for its operator; clients learn that it is frozen.
    const message = error.code === 'frozen' ? 'the log is frozen' : error.message;
    return new HttpError(503, message, { headers: RETRY_AFTER, cause: error });
  }
  return error;
}
