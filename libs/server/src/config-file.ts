import { SettingsError } from './settings.js';

/** What may follow a word: how it is written, from how many to how many items, and whether there may be several such lines. */
export interface ConfigWord {
  readonly usage: string;
  readonly items: readonly [least: number, most: number];
  readonly repeats: boolean;
}

/** What follows a word on one line. */
export interface ConfigLine {
  readonly items: readonly string[];
  /** The file and the number of the line, for messages. */
  readonly where: string;
}

/** The lines of a config file, per word. */
export type ConfigLines<Word extends string> = ReadonlyMap<Word, readonly ConfigLine[]>;

/**
 * Reads a config file in the manner of tlog-policy: a word a line with its items, separated by spaces and tabs. Empty lines,
 * and lines that begin with #, are left out. Nothing but the form is checked. @throws SettingsError
 */
export function parseConfigFile<Word extends string>(
  text: string,
  path: string,
  words: Readonly<Record<Word, ConfigWord>>,
): ConfigLines<Word> {
  const lines = new Map<Word, ConfigLine[]>();
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${path}, line ${index + 1}`;
    const [word = '', ...items] = itemsOf(line);
    if (word === '' || word.startsWith('#')) continue;
    if (!isWord(word, words)) {
      const there = `there are ${Object.keys(words).join(', ')}`;
      throw new SettingsError(`${where}: there is no setting ${JSON.stringify(word.slice(0, 100))}; ${there}`);
    }
    const before = lines.get(word) ?? [];
    if (before.length > 0 && !words[word].repeats) throw new SettingsError(`${where}: a second ${word}`);
    lines.set(word, [...before, checkedLine(items, where, words[word])]);
  }
  return lines;
}

/**
 * What an environment variable says in the place of the lines of one word: what would follow the word on each line, separated
 * by semicolons or newlines. @throws SettingsError
 */
export function parseConfigVariable(value: string, name: string, word: ConfigWord): ConfigLine[] {
  return value.split(/[;\n]/).flatMap((line) => {
    const items = itemsOf(line);
    return items.length === 0 ? [] : [checkedLine(items, name, word)];
  });
}

/** `127.0.0.1:7106`, `[::1]:7106`; undefined for what is no host with a port. */
export function parseListenAddress(text: string): { readonly host: string; readonly port: number } | undefined {
  const [, bracketed, plain, port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  return host === undefined || Number(port) > 65535 ? undefined : { host, port: Number(port) };
}

function itemsOf(line: string): string[] {
  return line.split(/[\t\r ]+/).filter((item) => item !== '');
}

function checkedLine(items: readonly string[], where: string, { usage, items: [least, most] }: ConfigWord): ConfigLine {
  if (items.length < least || items.length > most) throw new SettingsError(`${where}: should be: ${usage}`);
  return { items, where };
}

function isWord<Word extends string>(word: string, words: Readonly<Record<Word, ConfigWord>>): word is Word {
  return Object.hasOwn(words, word);
}
