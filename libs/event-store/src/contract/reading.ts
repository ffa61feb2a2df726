import { beforeAll, describe, expect, test } from '@jest/globals';
import type { EventStore, NewEvent, ReadStreamOptions } from '../event-store.js';
import { bytesInUse, collect, newEvent, newEvents, newStream, revisionsOf } from './subject.js';

export function readingContract(store: () => EventStore): void {
  describe('a stream of ten events', () => {
    const stream = newStream();
    beforeAll(() => store().append(stream, 'no_stream', newEvents(10)));

    test.each<[ReadStreamOptions, number[]]>([
      [{}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
      [{ from: 7n }, [7, 8, 9]],
      [{ from: 9n }, [9]],
      [{ from: 10n }, []],
      [{ from: 2n, limit: 3 }, [2, 3, 4]],
      [{ limit: 0 }, []],
      [{ direction: 'backwards' }, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
      [{ direction: 'backwards', from: 3n }, [3, 2, 1, 0]],
      [{ direction: 'backwards', from: 100n, limit: 2 }, [9, 8]],
      [{ direction: 'backwards', from: 0n }, [0]],
    ])('read with %o', async (options, revisions) => {
      expect(revisionsOf(await collect(store().readStream(stream, options)))).toEqual(revisions.map(BigInt));
    });
  });

  test('a stream that does not exist is empty', async () => {
    const stream = newStream();
    expect(await collect(store().readStream(stream))).toEqual([]);
    expect(await store().head(stream)).toBe('no_stream');
    expect(await store().last(stream)).toBeUndefined();
  });

  test('a long read has all of it, and ends although the stream grows', async () => {
    const stream = newStream();
    const events = Array.from({ length: 8 }, () => newEvent(crypto.getRandomValues(new Uint8Array(60_000))));
    for (let at = 0n; at < 64n; at += 8n) await store().append(stream, at === 0n ? 'no_stream' : at - 1n, events);
    for (const direction of ['forwards', 'backwards'] as const) {
      const head = (await store().head(stream)) as bigint;
      const revisions: bigint[] = [];
      for await (const { revision } of store().readStream(stream, { direction })) {
        revisions.push(revision);
        if (revision % 16n === 0n) await store().append(stream, (await store().head(stream)) as bigint, newEvents(1));
      }
      if (direction === 'backwards') revisions.reverse();
      expect(revisions).toEqual(Array.from({ length: Number(head) + 1 }, (_, at) => BigInt(at)));
    }
  });

  test('a read of everything ends although there is always more', async () => {
    const stream = newStream('endless');
    await store().append(stream, 'no_stream', newEvents(300));
    let seen = 0;
    for await (const { revision } of store().readAll({ streamPrefix: 'endless' })) {
      await store().append(stream, revision + 299n, newEvents(1));
      seen++;
    }
    expect(seen).toBe(300);
  });

  test('a read holds a page, not the rest of the stream', async () => {
    const stream = newStream();
    const event = newEvent(new Uint8Array(512 * 1024));
    for (let at = 0n; at < 96n; at++) await store().append(stream, at === 0n ? 'no_stream' : at - 1n, [event]); // 48 MiB
    const before = bytesInUse();
    const reads = [store().readStream(stream), store().readAll({ streamPrefix: stream })];
    const iterators = reads.map((read) => read[Symbol.asyncIterator]());
    for (const iterator of iterators) expect(await iterator.next()).toMatchObject({ value: { revision: 0n } });
    // What is under way between two busy processes counts, too.
    expect(bytesInUse() - before).toBeLessThan(32 * 1024 * 1024);
    for (const iterator of iterators) await iterator.return?.();
  });

  test('everything is read in one order, which is that of each stream', async () => {
    const prefix = newStream('all');
    const streams = ['a', 'b', 'c'].map((name) => `${prefix}-${name}`);
    for (let revision = 0n; revision < 50n; revision++) {
      const expected = revision === 0n ? 'no_stream' : revision - 1n;
      await Promise.all(streams.map((stream) => store().append(stream, expected, newEvents(1))));
    }

    const all = await collect(store().readAll({ streamPrefix: prefix }));
    expect(all).toHaveLength(150);
    for (const stream of streams) {
      expect(all.filter((event) => event.stream === stream)).toEqual(await collect(store().readStream(stream)));
    }
    const positions = all.map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted());
    expect(new Set(positions).size).toBe(150);

    const middle = all[74];
    expect(await collect(store().readAll({ streamPrefix: prefix, after: middle?.position }))).toEqual(all.slice(75));
    expect(await collect(store().readAll({ streamPrefix: prefix, after: middle?.position, limit: 5 }))).toEqual(
      all.slice(75, 80),
    );
    expect(await collect(store().readAll({ streamPrefix: prefix, after: positions.at(-1) }))).toEqual([]);
  });

  test('a prefix is taken literally', async () => {
    const prefix = newStream('prefix');
    for (const stream of [`${prefix}-1`, `${prefix}_1`, `${prefix}-2`]) {
      await store().append(stream, 'no_stream', newEvents(1));
    }
    const read = await collect(store().readAll({ streamPrefix: `${prefix}-` }));
    expect(read.map(({ stream }) => stream)).toEqual([`${prefix}-1`, `${prefix}-2`]);
    expect(await collect(store().readAll({ streamPrefix: prefix.replace('prefix', 'pre_ix') }))).toEqual([]);
  });

  test('what was read can be changed without changing what is stored', async () => {
    const stream = newStream();
    const event: NewEvent = newEvent(Uint8Array.of(1, 2, 3));
    await store().append(stream, 'no_stream', [event]);
    event.data.fill(9);
    (await store().last(stream))?.data.fill(8);
    expect((await store().last(stream))?.data).toEqual(Uint8Array.of(1, 2, 3));
  });
}
