import { describe, expect, test } from '@jest/globals';
import { collect, newEvents, newStream, type DurableSubject, type Subject } from './subject.js';

export function closingContract(open: () => Promise<Subject>): void {
  describe('a store that is closed', () => {
    test('has finished the appends that were waiting, and takes no more', async () => {
      const { store, dispose } = await open();
      const appends = Array.from({ length: 20 }, () => store.append(newStream(), 'no_stream', newEvents(2)));
      const closed = store.close();
      await expect(store.append(newStream(), 'no_stream', newEvents(1))).rejects.toThrow(
        expect.objectContaining({ code: 'unavailable' }),
      );
      await Promise.all([...appends, closed, store.close()]);
      for (const attempt of [
        () => store.head(newStream()),
        () => store.last(newStream()),
        () => collect(store.readStream(newStream())),
        () => collect(store.readAll()),
        () => store.truncateBefore(newStream(), 1n),
      ]) {
        await expect(attempt()).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
      }
      await dispose();
    });

    test('ends its subscriptions with an error, so that nobody takes it for the end of the stream', async () => {
      const { store, dispose } = await open();
      const { signal } = new AbortController();
      const items = store.subscribe(newStream(), { from: 0n, signal })[Symbol.asyncIterator]();
      await items.next();
      const waiting = items.next();
      await store.close();
      await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
      await dispose();
    });
  });
}

export function reopeningContract(open: () => Promise<DurableSubject>): void {
  test('a store that is opened again has everything, in the same places', async () => {
    const { store: first, reopen } = await open();
    const streams = Array.from({ length: 5 }, () => newStream());
    const events = newEvents(40);
    for (const [at, stream] of streams.entries()) {
      await first.append(stream, 'no_stream', events.slice(0, 8 * at + 1));
    }
    await first.truncateBefore(streams[4] ?? '', 30n);
    const before = await collect(first.readAll());
    const { store, dispose } = await reopen();
    expect(await collect(store.readAll())).toEqual(before);

    const answer = await store.append(streams[0] ?? '', 0n, newEvents(1));
    expect(answer.position > (before.at(-1)?.position ?? '')).toBe(true);
    expect(await store.append(streams[1] ?? '', 'no_stream', events.slice(0, 9))).toMatchObject({ last: 8n });
    expect(await store.head(streams[4] ?? '')).toBe(32n);
    await dispose();
  });
}
