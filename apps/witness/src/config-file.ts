import { SettingsError } from '#libs/server';

/** What follows a word on one line. */
export interface ConfigLine {
  readonly items: readonly string[];
  /** The file and the number of the line, for messages. */
  readonly where: string;
}

/** The lines of a config file, per word. Nothing but the form is checked. */
export type ConfigLines = ReadonlyMap<ConfigWord, readonly ConfigLine[]>;

/** Each word with what follows it. Those with one line at most set one thing; the others add one more of a kind. */
export const CONFIG_WORDS = {
  name: { usage: 'name <name>', items: [1, 1], repeats: false },
  profile: { usage: 'profile development|production', items: [1, 1], repeats: false },
  listen: { usage: 'listen <host>:<port>', items: [1, 1], repeats: false },
  data: { usage: 'data <directory>', items: [1, 1], repeats: false },
  key: { usage: 'key <file>', items: [1, 1], repeats: false },
  'ml-dsa-key': { usage: 'ml-dsa-key <file>|none', items: [1, 1], repeats: false },
  'key-passphrase-file': { usage: 'key-passphrase-file <file>', items: [1, 1], repeats: false },
  log: { usage: 'log <vkey> [<url>] [qpd <number>]', items: [1, 4], repeats: true },
  logs: { usage: 'logs <file or URL>', items: [1, 1], repeats: true },
  witness: { usage: 'witness <name> <vkey> [<url>]', items: [2, 3], repeats: true },
  p2p: { usage: 'p2p <multiaddr to listen on>', items: [1, 1], repeats: true },
  announce: { usage: 'announce <multiaddr>', items: [1, 1], repeats: true },
  peer: { usage: 'peer <multiaddr>', items: [1, 1], repeats: true },
  mirror: { usage: 'mirror <origin>', items: [1, 1], repeats: true },
} as const;

export type ConfigWord = keyof typeof CONFIG_WORDS;

/** Fields are separated by spaces and tabs; empty lines, and lines that begin with #, are left out. @throws SettingsError */
export function parseConfigFile(text: string, path: string): ConfigLines {
  const lines = new Map<ConfigWord, ConfigLine[]>();
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${path}, line ${index + 1}`;
    const wrong = (problem: string): SettingsError => new SettingsError(`${where}: ${problem}`);
    const [word = '', ...items] = line.split(/[\t\r ]+/).filter((item) => item !== '');
    if (word === '' || word.startsWith('#')) continue;
    if (!isConfigWord(word)) {
      const words = Object.keys(CONFIG_WORDS).join(', ');
      throw wrong(`there is no setting ${JSON.stringify(word.slice(0, 100))}; there are ${words}`);
    }
    const { usage, repeats } = CONFIG_WORDS[word];
    const [least, most] = CONFIG_WORDS[word].items;
    if (items.length < least || items.length > most) throw wrong(`should be: ${usage}`);
    const before = lines.get(word) ?? [];
    if (before.length > 0 && !repeats) throw wrong(`a second ${word}`);
    lines.set(word, [...before, { items, where }]);
  }
  return lines;
}

function isConfigWord(word: string): word is ConfigWord {
  return Object.hasOwn(CONFIG_WORDS, word);
}
