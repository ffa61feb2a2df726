import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { EventStore, Expected, StoredEvent } from '../event-store.js';
import { bytesInUse, newEvent, newEvents, newStream } from './subject.js';

type Item = StoredEvent | 'caught-up';

/** What the subscription yields next; a test that waits for ever has failed. */
async function next(items: AsyncIterator<Item>): Promise<Item | 'ended'> {
  const { done, value } = await items.next();
  return done ? 'ended' : value;
}

async function nextEvent(items: AsyncIterator<Item>): Promise<StoredEvent> {
  for (;;) {
    const item = await next(items);
    if (item === 'ended') throw new Error('the subscription has ended');
    if (item !== 'caught-up') return item;
  }
}

const follow = (store: EventStore, stream: string, signal: AbortSignal, from = 0n): AsyncIterator<Item> =>
  store.subscribe(stream, { from, signal })[Symbol.asyncIterator]();

export function subscribingContract(store: () => EventStore): void {
  describe('a subscription', () => {
    test('has history, says that it caught up, and goes on with what is appended', async () => {
      const [stream, abort] = [newStream(), new AbortController()];
      await store().append(stream, 'no_stream', newEvents(3));
      const items = follow(store(), stream, abort.signal);
      const seen = [await next(items), await next(items), await next(items), await next(items)];
      expect(seen.map((item) => (typeof item === 'string' ? item : item.revision))).toEqual([0n, 1n, 2n, 'caught-up']);
      const waiting = nextEvent(items);
      await store().append(stream, 2n, newEvents(2));
      expect([(await waiting).revision, (await nextEvent(items)).revision]).toEqual([3n, 4n]);
      abort.abort();
    });

    test('of a stream that does not exist yet waits for its first event', async () => {
      const [stream, abort] = [newStream(), new AbortController()];
      const items = follow(store(), stream, abort.signal);
      expect(await next(items)).toBe('caught-up');
      const waiting = nextEvent(items);
      const [event] = newEvents(1);
      await store().append(stream, 'no_stream', event ? [event] : []);
      expect(await waiting).toMatchObject({ ...event, stream, revision: 0n });
      abort.abort();
    });

    test.each([2n, 5n])('begins at the revision it asked for, %d of three, and not before', async (from) => {
      const [stream, abort] = [newStream(), new AbortController()];
      await store().append(stream, 'no_stream', newEvents(3));
      const waiting = nextEvent(follow(store(), stream, abort.signal, from));
      await store().append(stream, 2n, newEvents(4));
      expect((await waiting).revision).toBe(from);
      abort.abort();
    });

    test('begins with what a truncated stream still has', async () => {
      const [stream, abort] = [newStream(), new AbortController()];
      await store().append(stream, 'no_stream', newEvents(5));
      await store().truncateBefore(stream, 3n);
      expect((await nextEvent(follow(store(), stream, abort.signal))).revision).toBe(3n);
      abort.abort();
    });

    test('has no gap and no duplicate while writers and other subscribers are at work', async () => {
      const [stream, abort, total] = [newStream(), new AbortController(), 3000];
      const read = async (from: bigint): Promise<bigint[]> => {
        const revisions: bigint[] = [];
        const items = follow(store(), stream, abort.signal, from);
        while (revisions.at(-1) !== BigInt(total - 1)) {
          revisions.push((await nextEvent(items)).revision);
          if (revisions.length % 100 === 0) await sleep(0); // now and then one falls behind
        }
        return revisions;
      };
      const readers = [0n, 0n, 1500n].map(read);
      let expected: Expected = 'no_stream';
      for (let count = 0; count < total; count += 3) {
        expected = (await store().append(stream, expected, newEvents(3))).last;
      }
      readers.push(read(0n)); // this one has the whole history before it
      const all = Array.from({ length: total }, (_, at) => BigInt(at));
      expect(await Promise.all(readers)).toEqual([all, all, all.slice(1500), all]);
      abort.abort();
    });

    test('ends when it is aborted, wherever it is, and leaves nothing on the signal', async () => {
      const stream = newStream();
      await store().append(stream, 'no_stream', newEvents(3));
      const [early, reading, waiting] = [new AbortController(), new AbortController(), new AbortController()];

      early.abort();
      expect(await next(follow(store(), stream, early.signal))).toBe('ended');

      const read = follow(store(), stream, reading.signal);
      await nextEvent(read);
      reading.abort();
      expect(await next(read)).toBe('ended');

      const waits = follow(store(), stream, waiting.signal, 3n);
      expect(await next(waits)).toBe('caught-up');
      const end = next(waits);
      await sleep(10);
      waiting.abort();
      expect(await end).toBe('ended');

      for (const { signal } of [early, reading, waiting]) expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    });

    test('that is left in the middle leaves nothing on the signal', async () => {
      const [stream, abort] = [newStream(), new AbortController()];
      await store().append(stream, 'no_stream', newEvents(3));
      for await (const item of store().subscribe(stream, { from: 0n, signal: abort.signal })) {
        if (item !== 'caught-up') break;
      }
      expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
    });

    test('that is slow holds a page, not all that was appended meanwhile', async () => {
      const [stream, abort] = [newStream(), new AbortController()];
      const event = newEvent(new Uint8Array(64 * 1024));
      const eight = Array.from({ length: 8 }, () => event); // 512 KiB
      await store().append(stream, 'no_stream', eight);
      const slow = Array.from({ length: 16 }, () => follow(store(), stream, abort.signal));
      for (const items of slow) await nextEvent(items);
      const before = bytesInUse();
      for (let revision = 7n; revision < 8n * 64n; revision += 8n) await store().append(stream, revision, eight);
      await sleep(20);
      // 32 MiB were appended: a store in memory has them once, sixteen subscribers that buffer would have them 16 times.
      expect(bytesInUse() - before).toBeLessThan(64 * 1024 * 1024);
      for (const items of slow) expect((await nextEvent(items)).revision).toBe(1n);
      abort.abort();
    });
  });
}
