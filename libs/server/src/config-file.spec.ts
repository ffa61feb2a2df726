import { describe, expect, test } from '@jest/globals';
import { parseConfigFile, parseConfigVariable, parseListenAddress } from './config-file.js';

const WORDS = {
  name: { usage: 'name <name>', items: [1, 1], repeats: false },
  log: { usage: 'log <key> [<url>]', items: [1, 2], repeats: true },
} as const;

describe('a config file', () => {
  test('has a word and its items on each line; comments and empty lines are left out', () => {
    const lines = parseConfigFile('# mine\n\nname  one\r\nlog\ta\nlog b https://b\n', 'conf', WORDS);
    expect(lines.get('name')).toEqual([{ items: ['one'], where: 'conf, line 3' }]);
    expect(lines.get('log')?.map(({ items }) => items)).toEqual([['a'], ['b', 'https://b']]);
  });

  test.each([
    ['a word that there is not', 'nmae one', /line 1: there is no setting "nmae"; there are name, log/],
    ['a name of every object', 'toString x', /no setting "toString"/],
    ['too few items', 'log', /line 1: should be: log <key> \[<url>\]/],
    ['too many items', 'name one two', /should be: name <name>/],
    ['a second line of what there is one of', 'name one\nname two', /line 2: a second name/],
  ])('with %s is refused', (_what, text, message) => {
    expect(() => parseConfigFile(text, 'conf', WORDS)).toThrow(message);
  });
});

test('an environment variable says what would follow the word, one line after the other', () => {
  const lines = parseConfigVariable(' a; b https://b ;\nc', 'TALLY_X_LOGS', WORDS.log);
  expect(lines.map(({ items }) => items)).toEqual([['a'], ['b', 'https://b'], ['c']]);
  expect(() => parseConfigVariable('a b c', 'TALLY_X_LOGS', WORDS.log)).toThrow(/^TALLY_X_LOGS: should be: log/);
});

test('an address to listen on is a host and a port', () => {
  expect(parseListenAddress('127.0.0.1:7106')).toEqual({ host: '127.0.0.1', port: 7106 });
  expect(parseListenAddress('[::1]:0')).toEqual({ host: '::1', port: 0 });
  for (const text of ['7106', '::1:7106', 'host:', 'host:65536', 'host:-1', 'a b:1']) {
    expect(parseListenAddress(text)).toBeUndefined();
  }
});
