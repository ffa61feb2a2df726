import type { Expected, Limits, NewEvent, Revision } from './event-store.js';
import { EventStoreError } from './event-store-error.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** No control characters and no lone surrogates: every store gives a name back as it was. */
const NAME = /^[^\p{Cc}\p{Cs}]{1,512}$/u;

/** @throws EventStoreError invalid-request */
export function checkStreamName(stream: string): void {
  // KurrentDB keeps names that begin with `$` for itself.
  if (NAME.test(stream) && !stream.startsWith('$')) return;
  throw new EventStoreError(
    'invalid-request',
    `${JSON.stringify(stream)} should be 1 to 512 characters, none of them a control character, the first not $`,
  );
}

/** @throws EventStoreError invalid-request */
export function checkRevision(revision: Revision): void {
  if (revision >= 0n && revision < 2n ** 63n) return;
  throw new EventStoreError('invalid-request', `revision ${revision} should be from 0 to 2^63 - 1`);
}

/** What every store refuses before it looks at the stream. @throws EventStoreError invalid-request, too-large */
export function checkAppend(
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
  limits: Limits,
): { readonly bytes: number } {
  checkStreamName(stream);
  if (expected !== 'no_stream') checkRevision(expected);
  if (events.length === 0) {
    throw new EventStoreError('invalid-request', `an append to ${stream} has no events, it should have at least one`);
  }
  if (events.length > limits.appendEvents) {
    throw new EventStoreError(
      'too-large',
      `an append to ${stream} has ${events.length} events, it may have ${limits.appendEvents}`,
    );
  }
  let bytes = 0;
  for (const event of events) {
    if (!UUID.test(event.id)) {
      throw new EventStoreError('invalid-request', `event id ${event.id} should be a UUID in lower case`);
    }
    if (!NAME.test(event.type)) {
      throw new EventStoreError('invalid-request', `${JSON.stringify(event.type)} can't be the type of an event`);
    }
    const size = eventBytes(event);
    if (size > limits.eventBytes) {
      throw new EventStoreError(
        'too-large',
        `a ${event.type} event for ${stream} has ${size} bytes, it may have ${limits.eventBytes}`,
      );
    }
    bytes += size;
  }
  if (bytes > limits.appendBytes) {
    throw new EventStoreError(
      'too-large',
      `an append to ${stream} has ${bytes} bytes, it may have ${limits.appendBytes}`,
    );
  }
  return { bytes };
}

/**
 * Whether an append is to be `written` now or is a `retry` of one that was, by the rule of KurrentDB for an exact
 * revision: a retry is known by the ids at the revisions that the append would have taken.
 * @param head the revision of the last event, -1n for a stream that doesn't exist
 * @param idAt the id at a revision up to the head; undefined where the event was truncated
 * @throws EventStoreError wrong-expected-revision, invalid-retry
 */
export function decideAppend(
  stream: string,
  expected: Expected,
  events: readonly NewEvent[],
  head: Revision,
  idAt: (revision: Revision) => string | undefined,
): 'write' | 'retry' {
  const after = expected === 'no_stream' ? -1n : expected;
  if (after === head) return 'write';
  let matching = 0;
  for (const event of events) {
    const revision = after + 1n + BigInt(matching);
    if (revision > head || idAt(revision) !== event.id) break;
    matching++;
  }
  if (matching === events.length) return 'retry';
  const actual = head === -1n ? 'no_stream' : head;
  if (matching === 0) {
    throw new EventStoreError('wrong-expected-revision', `${stream} is at ${actual}, not at ${expected}`, { actual });
  }
  throw new EventStoreError(
    'invalid-retry',
    `${matching} of ${events.length} events are in ${stream} after ${expected}: neither this append nor another one`,
  );
}

/** @throws EventStoreError invalid-request, truncation-forbidden */
export function checkTruncation(stream: string, before: Revision): void {
  checkStreamName(stream);
  checkRevision(before);
  // Entries are proven by the prefix that they are in: a log that forgets its beginning can't be checked again.
  if (stream.startsWith('log-')) {
    throw new EventStoreError('truncation-forbidden', `${stream} belongs to a log, and is never truncated`);
  }
}

function eventBytes(event: NewEvent): number {
  const meta = event.meta === undefined ? 0 : Buffer.byteLength(JSON.stringify(event.meta));
  return event.data.length + Buffer.byteLength(event.type) + meta;
}
