import { describe, expect, test } from '@jest/globals';
import type { EventStore } from '../event-store.js';
import { collect, newEvents, newStream, revisionsOf } from './subject.js';

export function truncatingContract(store: () => EventStore): void {
  describe('a truncated stream', () => {
    test('has lost the events before the revision, and nothing else', async () => {
      const stream = newStream();
      await store().append(stream, 'no_stream', newEvents(10));
      await store().truncateBefore(stream, 4n);
      expect(revisionsOf(await collect(store().readStream(stream)))).toEqual([4n, 5n, 6n, 7n, 8n, 9n]);
      await store().truncateBefore(stream, 2n);
      expect(await store().append(stream, 9n, newEvents(1))).toMatchObject({ first: 10n });
    });

    test('keeps its last event, and so its head', async () => {
      const stream = newStream();
      await store().append(stream, 'no_stream', newEvents(3));
      await store().truncateBefore(stream, 1_000n);
      expect(revisionsOf(await collect(store().readStream(stream)))).toEqual([2n]);
      await expect(store().append(stream, 'no_stream', newEvents(1))).rejects.toThrow(
        expect.objectContaining({ code: 'wrong-expected-revision', actual: 2n }),
      );
    });

    test('may be one that does not exist', async () => {
      const stream = newStream();
      await store().truncateBefore(stream, 5n);
      expect(await store().head(stream)).toBe('no_stream');
    });

    test.each(['log-x', 'log-x-checkpoints'])('is never %s', async (stream) => {
      await expect(store().truncateBefore(stream, 0n)).rejects.toThrow(
        expect.objectContaining({ code: 'truncation-forbidden' }),
      );
    });
  });
}

/** Where truncating removes; KurrentDB only hides, until it is scavenged. */
export function removingContract(store: () => EventStore): void {
  describe('a truncated stream that is in this process', () => {
    test('has no more of it in the read of everything', async () => {
      const stream = newStream();
      await store().append(stream, 'no_stream', newEvents(10));
      await store().truncateBefore(stream, 4n);
      expect(revisionsOf(await collect(store().readAll({ streamPrefix: stream })))).toEqual([4n, 5n, 6n, 7n, 8n, 9n]);
    });

    test('does not recognise a retry of what it has lost', async () => {
      const stream = newStream();
      const events = newEvents(3);
      await store().append(stream, 'no_stream', events);
      await store().truncateBefore(stream, 1n);
      await expect(store().append(stream, 'no_stream', events)).rejects.toThrow(
        expect.objectContaining({ code: 'wrong-expected-revision', actual: 2n }),
      );
    });
  });
}
