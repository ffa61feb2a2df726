import { describe, expect, test } from '@jest/globals';
import { Pool } from './pool.js';

describe('the pool', () => {
  test('takes entries in the order they came, no more bytes than a round holds, and at least one', () => {
    const pool = new Pool<number>(8, 100);
    for (const [i, bytes] of [60, 30, 20, 500].entries()) void pool.offer(i, String(i), bytes);
    const rounds = Array.from({ length: 4 }, () => pool.take().map(({ submission }) => submission));
    expect(rounds).toEqual([[0, 1], [2], [3], []]);
  });

  test('lets the same entry wait once, and gives all who asked the same answer', async () => {
    const pool = new Pool<string>(8, 100);
    const answers = Promise.all([pool.offer('a', 'a', 1), pool.offer('a', 'a', 1)]);
    const [entry, ...rest] = pool.take();
    expect(rest).toEqual([]);
    entry?.resolve({ index: 7n, sequencedAtMs: 1n });
    expect(await answers).toEqual([
      { index: 7n, sequencedAtMs: 1n },
      { index: 7n, sequencedAtMs: 1n },
    ]);
  });

  test('forgets an entry that failed, so that it can come again', async () => {
    const pool = new Pool<string>(8, 100);
    const failed = pool.offer('a', 'a', 1);
    pool.take()[0]?.reject(new Error('no'));
    await expect(failed).rejects.toThrow('no');
    void pool.offer('a', 'a', 1);
    expect(pool.length).toBe(1);
  });

  test('refuses an entry when it is full, and still shares the answer of one that waits', () => {
    const pool = new Pool<number>(8, 100);
    for (let i = 0; i < 8; i++) void pool.offer(i, String(i), 1);
    expect(() => pool.offer(-1, 'new', 1)).toThrow(expect.objectContaining({ code: 'pool-full' }));
    expect(() => pool.offer(0, '0', 1)).not.toThrow();
  });
});
