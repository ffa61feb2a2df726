import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodedError, utf8Decode } from '#libs/crypto';
import { parseVerifierKey, type VerifierKey } from '#libs/note';
import { parseConfigFile, type ConfigLine, type ConfigLines, type ConfigWord } from './config-file.js';
import { SettingsError } from './settings.js';

/** What a program is told: the lines of its config file, and the environment. */
export interface ConfigSource<Word extends string> {
  /** Without a file there are no lines. */
  readonly file: ConfigLines<Word>;
  /** The folder of the file, to which its paths are relative; empty without one. */
  readonly base: string;
  /** Without the name of the file, and without variables that say nothing. */
  readonly env: NodeJS.ProcessEnv;
}

/** The file is `path`, else what `<prefix>CONFIG` names. @throws SettingsError */
export function openConfig<Word extends string>(
  prefix: string,
  words: Readonly<Record<Word, ConfigWord>>,
  all: NodeJS.ProcessEnv,
  path: string | undefined = all[`${prefix}CONFIG`] || undefined,
): ConfigSource<Word> {
  const said = Object.entries(all).filter(([name, value]) => name !== `${prefix}CONFIG` && value !== '');
  const env = Object.fromEntries(said);
  if (path === undefined) return { file: new Map(), base: '', env };
  return { file: parseConfigFile(readText(path, 'config file'), path, words), base: dirname(path), env };
}

/** @throws SettingsError */
export function readText(path: string, what: string): string {
  try {
    return utf8Decode(readFileSync(path));
  } catch (error) {
    throw new SettingsError(`cannot read the ${what} ${path}: ${(error as Error).message}`);
  }
}

/** `use` throws for a key that is not `wanted`, such as `the key of a log`. @throws SettingsError */
export function parseKey(vkey: string, where: string, use: (key: VerifierKey) => unknown, wanted: string): VerifierKey {
  const key = settled(where, () => parseVerifierKey(vkey));
  settled(where, () => use(key), `; it should be ${wanted}`);
  return key;
}

/** The items of all these lines, each of which `check` lets pass. @throws SettingsError */
export function checkedItems(lines: readonly ConfigLine[], check: (item: string) => void): string[] {
  for (const { items, where } of lines) for (const item of items) settled(where, () => check(item));
  return lines.flatMap(({ items }) => items);
}

function settled<T>(where: string, parse: () => T, hint: string = ''): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof CodedError) throw new SettingsError(`${where}: ${error.message}${hint}`);
    throw error;
  }
}
