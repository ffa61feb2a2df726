import { EventStoreError } from './event-store-error.js';

type Library = typeof import('@kurrent/kurrentdb-client');

/**
 * What the server has decided, other than a conflict of revisions. Everything else that a client throws says only that
 * there was no answer: what was asked may have been done, or may be done yet.
 */
export function answerOf(library: Library, stream: string, error: unknown): EventStoreError | undefined {
  const options = { cause: error };
  if (
    error instanceof library.MaxAppendSizeExceededError ||
    error instanceof library.AppendRecordSizeExceededError ||
    error instanceof library.TransactionMaxSizeExceededError
  ) {
    const reason = `an append to ${stream} is over a limit of the server, which is below that of the configuration`;
    return new EventStoreError('too-large', reason, options);
  }
  if (error instanceof library.AccessDeniedError) {
    return new EventStoreError('unavailable', `the server denies access to ${stream}`, options);
  }
  if (error instanceof library.StreamDeletedError || error instanceof library.StreamTombstonedError) {
    return new EventStoreError('not-retained', `${stream} has been deleted on the server`, options);
  }
  if (error instanceof library.InvalidArgumentError) {
    return new EventStoreError('invalid-request', `the client refuses ${stream}: ${error.message}`, options);
  }
  return error instanceof EventStoreError ? error : undefined;
}
