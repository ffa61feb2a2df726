import { describe, expect, test } from '@jest/globals';
import { ProgressBar } from './progress-bar.js';

/** A bar on a terminal that remembers what it shows, and a clock to turn. */
function bar(isTerminal = true, env = {}): { bar: ProgressBar; shown: () => string; at: (ms: number) => void } {
  let written = '';
  let now = 5;
  const stderr = { isTerminal, write: (text: string) => void (written += text) };
  return {
    bar: new ProgressBar({ stderr, env }, 'entries', 4000, () => now),
    shown: () => written,
    at: (ms) => (now = 5 + ms),
  };
}

describe('a progress bar', () => {
  test('is not there for work of less than a second', () => {
    const { bar: work, shown, at } = bar();
    at(999);
    work.update(3999);
    work.clear();
    expect(shown()).toBe('');
  });

  test('shows how far it is, how fast, and how long it will take', () => {
    const { bar: work, shown, at } = bar();
    at(2000);
    work.update(1000);
    expect(shown()).toBe('\r\u001b[2K[######..................] 25%  1,000 of 4,000 entries, 500/s, 6 s left');
    work.clear();
    expect(shown().endsWith('left\r\u001b[2K')).toBe(true);
  });

  test('is redrawn five times a second at most', () => {
    const { bar: work, shown, at } = bar();
    for (let ms = 1000; ms < 2000; ms += 10) {
      at(ms);
      work.update(ms);
    }
    expect(shown().split('\r').length - 1).toBe(5);
  });

  test('is on terminals only, and not on one that can not go back', () => {
    for (const { bar: work, shown, at } of [bar(false), bar(true, { TERM: 'dumb' })]) {
      at(5000);
      work.update(1000);
      work.clear();
      expect(shown()).toBe('');
    }
  });
});
