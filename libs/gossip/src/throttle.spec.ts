import { describe, expect, test } from '@jest/globals';
import { Throttle } from './throttle.js';

const note = (text: string): Uint8Array => Buffer.from(text);

describe('a throttle', () => {
  test('lets urgent heads of a log out at once, but not without end', () => {
    const published: string[] = [];
    let now = 0;
    const throttle = new Throttle(
      (head) => published.push(Buffer.from(head).toString()),
      () => now,
    );
    for (let i = 0; i < 1_000; i += 1) throttle.head('log.example', note(`old ${i}`), true);
    expect(published).toHaveLength(20);
    throttle.head('other.example', note('of another log'), true);
    expect(published.at(-1)).toBe('of another log');
    now = 1_000;
    throttle.head('log.example', note('a second later'), true);
    expect(published.at(-1)).toBe('a second later');
    throttle.close();
  });

  test('keeps the budget of new heads apart from that of urgent ones', () => {
    const published: string[] = [];
    const throttle = new Throttle(
      (head) => published.push(Buffer.from(head).toString()),
      () => 0,
    );
    for (let i = 0; i < 100; i += 1) throttle.head('log.example', note('urgent'), true);
    throttle.head('log.example', note('new'), false);
    expect(published.at(-1)).toBe('new');
    throttle.close();
  });
});
