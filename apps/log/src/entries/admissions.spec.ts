import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Admissions } from './admissions.js';

function work(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until;);
}

describe('admissions', () => {
  test('are taken in the order they came, and give what they give', async () => {
    const admissions = new Admissions(100);
    const order: number[] = [];
    const taken = Array.from({ length: 20 }, (_, i) =>
      admissions.run(() => {
        order.push(i);
        return i * i;
      }),
    );
    expect(await Promise.all(taken)).toEqual(order.map((i) => i * i));
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('that throw are refused alone', async () => {
    const admissions = new Admissions(100);
    const [bad, good] = [admissions.run(() => expect(1).toBe(2)), admissions.run(() => 'good')];
    await expect(bad).rejects.toThrow();
    expect(await good).toBe('good');
    expect(await admissions.run(() => 'later')).toBe('later');
  });

  test('leave the event loop to others after a few', async () => {
    const admissions = new Admissions(100);
    const all = Promise.all(Array.from({ length: 10 }, () => admissions.run(() => work(3))));
    let turns = 0;
    let done = false;
    void all.then(() => (done = true));
    for (; !done; turns++) await nextTurn();
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  test('beyond the limit are refused at once', async () => {
    const admissions = new Admissions(2);
    const waiting = [admissions.run(() => 1), admissions.run(() => 2)];
    await expect(admissions.run(() => 3)).rejects.toMatchObject({ code: 'pool-full' });
    expect(await Promise.all(waiting)).toEqual([1, 2]);
    expect(await admissions.run(() => 4)).toBe(4);
  });
});
