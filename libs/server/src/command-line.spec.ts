import { expect, test } from '@jest/globals';
import { configUsage, parseCommandLine, UsageError } from './command-line.js';

const COMMANDS = { run: null, check: null, acknowledge: 'the ID of an evidence', help: null } as const;
const parse = (...args: string[]): object => parseCommandLine(args, COMMANDS);

test('to run is what a program does unless told otherwise', () => {
  expect(parse()).toEqual({ command: 'run', config: undefined, items: [] });
  expect(parse('-c', 'a.conf')).toEqual({ command: 'run', config: 'a.conf', items: [] });
  expect(parse('acknowledge', 'abcd', '--config=x')).toEqual({ command: 'acknowledge', config: 'x', items: ['abcd'] });
  expect(parse('check', '-h')).toEqual({ command: 'help', config: undefined, items: [] });
});

test.each([
  [['start'], 'there is no command "start"'],
  [['constructor'], 'there is no command "constructor"'],
  [['acknowledge'], 'acknowledge needs the ID of an evidence'],
  [['acknowledge', 'a', 'b'], 'acknowledge needs the ID of an evidence'],
  [['run', 'fast'], 'run takes no fast'],
  [['--fast'], "Unknown option '--fast'"],
  [['-x'], "Unknown option '-x'"],
  [['--config'], "Option '-c, --config <value>' argument missing"],
  [['-c', '--help'], "Option '-c' argument is ambiguous"],
  [['--help=yes'], "Option '-h, --help' does not take an argument"],
])('%j is refused', (args, message) => {
  expect(() => parse(...args)).toThrow(new UsageError(message));
});

test('the help says how the lines of the config file are written', () => {
  const words = {
    name: { usage: 'name <name>', items: [1, 1], repeats: false },
    log: { usage: 'log <key>', items: [1, 1], repeats: true },
  } as const;
  expect(configUsage(words)).toBe(`  name <name>\n  ${'log <key>'.padEnd(42)} (any number of them)`);
});
