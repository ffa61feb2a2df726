import { expect, test } from '@jest/globals';
import { parseCommandLine as parse, type CommandLine } from '#libs/server';
import { COMMANDS, HELP } from './command-line.js';

const parseCommandLine = (args: readonly string[]): CommandLine<string> => parse(args, COMMANDS);

test('to run is what it does unless told otherwise', () => {
  expect(parseCommandLine([])).toEqual({ command: 'run', config: undefined, items: [] });
  expect(parseCommandLine(['-c', 'monitor.conf'])).toEqual({ command: 'run', config: 'monitor.conf', items: [] });
  expect(parseCommandLine(['acknowledge', 'abcd', '--config=x'])).toEqual({
    command: 'acknowledge',
    config: 'x',
    items: ['abcd'],
  });
});

test.each([
  [['start'], /no command "start"/],
  [['constructor'], /no command "constructor"/],
  [['acknowledge'], /needs the ID of an evidence/],
  [['run', 'fast'], /run takes no fast/],
  [['--fast'], /--fast/],
])('%j is refused', (args, message) => {
  expect(() => parseCommandLine(args)).toThrow(message);
});

test('the help names every line of the config file', () => {
  for (const word of ['log <vkey>', 'mirror <origin>', 'stale-after <time>', 'webhook <url>'])
    expect(HELP).toContain(word);
});
