import { resolve } from 'node:path';
import { parseListenAddress, type ConfigLines } from './config-file.js';
import { SettingsError } from './settings.js';

/** How the value on a line is said in variables, without their prefix; undefined for a value that is none of `wanted`. */
export interface LineSetting {
  readonly variables: (value: string) => Readonly<Record<string, string>> | undefined;
  /** For the message: `it should be …`. */
  readonly wanted: string;
}

/** The settings that stand on one line of the file each, as the environment would say them. @throws SettingsError */
export function lineSettings<Word extends string>(
  file: ConfigLines<Word>,
  prefix: string,
  settings: Readonly<Partial<Record<Word, LineSetting>>>,
): Record<string, string> {
  const said: Record<string, string> = {};
  for (const word of Object.keys(settings) as Word[]) {
    const [line] = file.get(word) ?? [];
    const setting = settings[word];
    if (line === undefined || setting === undefined) continue;
    const [value = ''] = line.items;
    const variables = setting.variables(value);
    if (!variables) throw new SettingsError(`${line.where}: ${word} is ${JSON.stringify(value)}, ${setting.wanted}`);
    for (const [name, text] of Object.entries(variables)) said[prefix + name] = text;
  }
  return said;
}

/** A value that is taken as it is, if it is right. */
export function valueSetting(
  variable: string,
  isRight: (value: string) => boolean = () => true,
  wanted: string = '',
): LineSetting {
  return { variables: (value) => (isRight(value) ? { [variable]: value } : undefined), wanted };
}

export const PROFILE_SETTING = valueSetting(
  'PROFILE',
  (value) => /^(development|production)$/.test(value),
  'it should be development or production',
);

/** A path, relative to the folder of the file. `instead` is a word that may stand in its place. */
export function pathSetting(variable: string, base: string, instead?: string): LineSetting {
  return { variables: (value) => ({ [variable]: value === instead ? value : resolve(base, value) }), wanted: '' };
}

export function listenSetting(example: string): LineSetting {
  return {
    variables: (value) => {
      const address = parseListenAddress(value);
      return address && { HOST: address.host, PORT: String(address.port) };
    },
    wanted: `it should be a host and a port, such as ${example}`,
  };
}
