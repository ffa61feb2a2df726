import { CodedError } from '#libs/crypto';
import type { Expected } from './event-store.js';

/**
 * - `wrong-expected-revision`: the stream is elsewhere; nothing was written. `actual` is where it is
 * - `outcome-unknown`: no answer in time. Append the same events with the same revision again until the answer is known
 * - `invalid-retry`: the first events of the append are there at their revisions, the others are not; nothing was written
 * - `too-large`: over one of `limits`; nothing was written
 * - `invalid-request`: it can't be carried out by any store (a name, an id, a revision); nothing was written
 * - `truncation-forbidden`: a log's stream is never shortened
 * - `unavailable`: the store is closed, or too many appends wait; nothing was written
 * - `no-space`: the disk is full; nothing was written, and the store goes on when there is room
 * - `store-poisoned`: this or an earlier commit failed. Whether the events of *this* append are durable is unknown until
 *   the store is opened again; the process should end, and find out at its next start
 * - `store-locked`: another process, or another part of this one, has the store open
 * - `wrong-format`: the file is no event store, or one of another version
 * - `not-retained`: the server has forgotten events of a log's stream, or has been told to
 */
export type EventStoreErrorCode =
  | 'wrong-expected-revision'
  | 'outcome-unknown'
  | 'invalid-retry'
  | 'too-large'
  | 'invalid-request'
  | 'truncation-forbidden'
  | 'unavailable'
  | 'no-space'
  | 'store-poisoned'
  | 'store-locked'
  | 'wrong-format'
  | 'not-retained';

export class EventStoreError extends CodedError<EventStoreErrorCode> {
  /** With `wrong-expected-revision`: the head of the stream, when the append was decided. */
  readonly actual?: Expected;

  constructor(code: EventStoreErrorCode, message: string, options: ErrorOptions & { readonly actual?: Expected } = {}) {
    super(code, message, options);
    if (options.actual !== undefined) this.actual = options.actual;
  }
}
