import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { pauseMs } from './poller.js';
import { SizeHistory } from './size-history.js';
import { Turnstile } from './turnstile.js';

test('an address that fails is asked later and later, up to five minutes, and never sooner than usual', () => {
  expect([0, 1, 2, 3, 4, 6, 100].map((failures) => pauseMs(10_000, failures))).toEqual([
    10_000, 10_000, 20_000, 40_000, 80_000, 300_000, 300_000,
  ]);
  expect(pauseMs(600_000, 9)).toBe(600_000);
});

describe('the turnstile', () => {
  test('lets in so many of one group, and others meanwhile', async () => {
    const turnstile = new Turnstile(3, 2);
    let inside = '';
    const work = (group: string) => async (): Promise<void> => {
      inside += group;
      await delay(5);
    };
    const all = [...'aaaab'].map((group) => turnstile.through(group, work(group)));
    expect(inside).toBe('aab');
    await Promise.all(all);
    expect([...inside].sort().join('')).toBe('aaaab');
  });

  test('lets in the next one when one fails', async () => {
    const turnstile = new Turnstile(1, 1);
    const failed = turnstile.through('a', () => Promise.reject(new Error('no')));
    const next = turnstile.through('a', async () => 'in');
    await expect(failed).rejects.toThrow('no');
    await expect(next).resolves.toBe('in');
  });
});

describe('how large a log was', () => {
  test('is known for as far back as is asked, and not before it was seen', () => {
    const history = new SizeHistory(1_000);
    history.add(5n, 0);
    expect(history.longAgo(999)).toBe(0n);
    expect(history.longAgo(1_000)).toBe(5n);
    history.add(9n, 1_000);
    history.add(7n, 1_100); // late, and no news
    expect(history.longAgo(1_999)).toBe(5n);
    expect(history.longAgo(2_000)).toBe(9n);
  });

  test('is kept in a few samples, and never said to have been larger earlier than it was', () => {
    const history = new SizeHistory(1_000);
    for (let ms = 0; ms <= 10_000; ms++) {
      history.add(BigInt(ms), ms);
      const size = history.longAgo(ms);
      expect(size <= BigInt(Math.max(0, ms - 1_000))).toBe(true);
      expect(size >= BigInt(Math.max(0, ms - 1_100))).toBe(true);
    }
  });
});
