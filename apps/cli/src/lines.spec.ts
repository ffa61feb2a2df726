import { describe, expect, test } from '@jest/globals';
import { fields, marked, plain, shellWord, shownTime } from './lines.js';

const output = (isTerminal: boolean): { isTerminal: boolean; write: () => void } => ({
  isTerminal,
  write: () => undefined,
});

describe('marks', () => {
  test('are coloured on a terminal', () => {
    expect(marked('ok', 'done', output(true), {})).toBe('\u001b[32m✓\u001b[39m done\n');
    expect(marked('fail', 'no', output(true), {})).toBe('\u001b[31m✗\u001b[39m no\n');
  });

  test.each([
    ['a pipe', false, {}],
    ['NO_COLOR', true, { NO_COLOR: '1' }],
    ['a dumb terminal', true, { TERM: 'dumb' }],
  ])('are plain for %s', (_, isTerminal, env) => {
    expect(marked('warn', 'hm', output(isTerminal), env)).toBe('! hm\n');
  });

  test('an empty NO_COLOR does not count (no-color.org)', () => {
    expect(marked('ok', 'x', output(true), { NO_COLOR: '' })).toContain('\u001b');
  });
});

test('values stand in one column, undefined ones are left out', () => {
  expect(
    fields([
      ['a', '1'],
      ['longer', '2\n3'],
      ['not', undefined],
    ]),
  ).toBe('  a       1\n  longer  2\n          3\n');
});

test('what others wrote has no power over the terminal', () => {
  expect(plain('a\u001b[2J\nb\u202ec')).toBe('a\ufffd[2J\ufffdb\ufffdc');
});

test('what others wrote passes neither for a mark of ours nor for a command to the terminal', () => {
  expect(marked('fail', 'no\n✓ verified\u001b]0;x\u0007', output(false), {})).toBe(
    '✗ no\n  ✓ verified\ufffd]0;x\ufffd\n',
  );
  expect(fields([['a', '1\u009b2J\n2']])).toBe('  a  1\ufffd2J\n     2\n');
});

test.each([
  ['you@example.org', 'you@example.org'],
  ['it’s', "'it’s'"],
  ["a'b", String.raw`'a'\''b'`],
  ['$(rm x)', "'$(rm x)'"],
  ['', "''"],
])('%s for the shell is %s', (word, quoted) => {
  expect(shellWord(word)).toBe(quoted);
});

test('a time is shown in UTC', () => {
  expect(shownTime(new Date('2026-11-22T05:10:11.999Z'))).toBe('2026-11-22 05:10:11 UTC');
});
