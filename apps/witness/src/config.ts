import { join, resolve } from 'node:path';
import { z } from 'zod';
import { sharedTreeHeadKey } from '#libs/evidence';
import type { PullTuning } from '#libs/gossip';
import { isKeyName, type VerifierKey } from '#libs/note';
import { checkAddress, type P2pTuning } from '#libs/p2p';
import {
  PROFILE_SETTING,
  SettingsError,
  checkedItems,
  lineSettings,
  listenSetting,
  openConfig,
  parseConfigVariable,
  parseKey,
  pathSetting,
  readSettings,
  readText,
  serviceSettings,
  valueSetting,
  type ConfigLine,
  type ConfigLines,
  type Profile,
} from '#libs/server';
import { cosignatureVerifier, logVerifier } from '#libs/tlog';
import { CONFIG_WORDS, type WitnessWord } from './config-words.js';

type Lines = ConfigLines<WitnessWord>;

const PREFIX = 'TALLY_WITNESS_';
const DEFAULT_DATA = 'tally-witness-data';
/** The upper end of what a log list may say. */
const QPD_MAX = 2 ** 31 - 1;

/** A log that the operator names: its key, whose name is the origin. */
export interface WatchedLog extends VerifierKey {
  /** Where its checkpoint is published: tlog-tiles, the part before `/checkpoint`. */
  readonly url?: string;
  /** Checkpoints that it may bring per day; without it there is no limit. */
  readonly qpd?: number;
}

/** Another witness. */
export interface OtherWitness {
  readonly name: string;
  readonly key: VerifierKey;
  /** Its monitoring prefix. */
  readonly url?: string;
}

export interface WitnessConfig {
  readonly profile: Profile;
  readonly host: string;
  readonly port: number;
  /** The name that stands in the witness's signature lines. It can never change: it is part of the key IDs. */
  readonly name: string;
  /** The Ed25519 key: `cosignature/v1`. */
  readonly keyFile: string;
  /** The ML-DSA-44 key: `subtree/v1` cosignatures. Without it there are none. */
  readonly mlDsaKeyFile?: string;
  /** File with the passphrase of both key files; without it they are not encrypted. */
  readonly keyPassphraseFile?: string;
  /** Keys that are not there are made at the first start: as long as there is no event store that they could be missing from. */
  readonly makeKeys?: boolean;
  /** The event store is `events.sqlite` in it. */
  readonly dataDirectory: string;
  /** A log may have several keys. */
  readonly logs: readonly WatchedLog[];
  /** Files and URLs of log lists in the format of witness-network.org. */
  readonly lists?: readonly string[];
  readonly witnesses?: readonly OtherWitness[];
  /** Multiaddrs: to listen on, to tell others, to stay connected to. */
  readonly p2p?: readonly string[];
  readonly announce?: readonly string[];
  readonly peers?: readonly string[];
  /** Origins of the logs that are mirrored. */
  readonly mirrors?: readonly string[];
  /** For tests, where nodes share a machine and time is short. No setting changes it. */
  readonly tuning?: { readonly p2p?: Partial<P2pTuning>; readonly pull?: PullTuning };
}

const words = z
  .string()
  .transform((text) => text.split(/\s+/).filter((word) => word !== ''))
  .optional();

const settings = z.strictObject({
  ...serviceSettings,
  // The strict one: whoever runs a witness without a word about it runs a real one.
  profile: serviceSettings.profile.default('production'),
  port: serviceSettings.port.default(7106),
  name: z.string().refine(isKeyName, 'should be a name without spaces and plus signs, such as witness.example.org/w1'),
  keyFile: z.string().min(1).optional(),
  mlDsaKeyFile: z.string().min(1).optional(),
  keyPassphraseFile: z.string().min(1).optional(),
  dataDirectory: z.string().min(1).default(DEFAULT_DATA),
  logs: words,
  logsFile: z.string().min(1).optional(),
  lists: words,
  p2p: words,
  announce: words,
  peers: words,
  mirrors: words,
  /** As the lines of the file, separated by semicolons. */
  witnesses: z.string().optional(),
});

/**
 * `TALLY_WITNESS_*`, and the config file that `--config` or `TALLY_WITNESS_CONFIG` names; what the environment says wins.
 * Paths in the file are relative to its folder. @throws SettingsError
 */
export function loadConfig(all: NodeJS.ProcessEnv, configPath?: string): WitnessConfig {
  const { file, base, env } = openConfig(PREFIX, CONFIG_WORDS, all, configPath);
  if (env[`${PREFIX}NAME`] === undefined && !file.has('name')) {
    throw new SettingsError(
      `no name is configured: there should be a name line (or ${PREFIX}NAME), such as name witness.example.org/w1`,
    );
  }
  const { logs, logsFile, mlDsaKeyFile, keyFile, ...said } = readSettings(PREFIX, settings, {
    ...fileSettings(file, base),
    ...env,
  });
  const { lists, p2p, announce, peers, mirrors, witnesses, dataDirectory, ...service } = said;
  const named = logs !== undefined || logsFile !== undefined;
  const dataIsDefault = env[`${PREFIX}DATA_DIRECTORY`] === undefined && !file.has('data');
  const data = dataIsDefault ? join(base, dataDirectory) : dataDirectory;
  const ownKeys = keyFile === undefined;
  const watched = named ? logsOfEnvironment(logs ?? [], logsFile) : linesOf(file, 'log').map(parseLog);
  const shared = sharedTreeHeadKey(watched);
  if (shared !== undefined) throw new SettingsError(shared);
  // A key file that the operator names is made by nobody but him; with it, the other key is his to name too.
  const mlDsa = mlDsaKeyFile ?? (ownKeys ? join(data, 'witness-ml-dsa-44.key') : 'none');
  return Object.freeze({
    ...service,
    dataDirectory: data,
    keyFile: keyFile ?? join(data, 'witness.key'),
    ...(mlDsa !== 'none' && { mlDsaKeyFile: mlDsa }),
    ...(ownKeys && { makeKeys: true }),
    logs: watched,
    lists: lists
      ? lists.map((source) => listSource(source, `${PREFIX}LISTS`, '', service.profile))
      : linesOf(file, 'logs').map(({ items, where }) => listSource(items[0] ?? '', where, base, service.profile)),
    witnesses: (witnesses === undefined
      ? linesOf(file, 'witness')
      : parseConfigVariable(witnesses, `${PREFIX}WITNESSES`, CONFIG_WORDS.witness)
    ).map(parseWitness),
    p2p: addresses(p2p, 'P2P', linesOf(file, 'p2p')),
    announce: addresses(announce, 'ANNOUNCE', linesOf(file, 'announce')),
    peers: addresses(peers, 'PEERS', linesOf(file, 'peer')),
    mirrors: mirrors ?? linesOf(file, 'mirror').flatMap(({ items }) => items),
  });
}

/** The settings that stand on one line of the file, as the environment would say them. @throws SettingsError */
function fileSettings(file: Lines, base: string): Record<string, string> {
  return lineSettings(file, PREFIX, {
    name: valueSetting('NAME', isKeyName, 'it should have no plus signs'),
    profile: PROFILE_SETTING,
    listen: listenSetting('127.0.0.1:7106'),
    data: pathSetting('DATA_DIRECTORY', base),
    key: pathSetting('KEY_FILE', base),
    'ml-dsa-key': pathSetting('ML_DSA_KEY_FILE', base, 'none'),
    'key-passphrase-file': pathSetting('KEY_PASSPHRASE_FILE', base),
  });
}

function linesOf(file: Lines, word: WitnessWord): readonly ConfigLine[] {
  return file.get(word) ?? [];
}

/** Multiaddrs of the environment, else of the file. */
function addresses(said: readonly string[] | undefined, variable: string, lines: readonly ConfigLine[]): string[] {
  return checkedItems(said ? [{ items: said, where: PREFIX + variable }] : lines, checkAddress);
}

function under(base: string, path: string): string {
  return base === '' ? path : resolve(base, path);
}

/** A list that anybody on the way could change would let anybody have the witness watch what he likes. */
function listSource(source: string, where: string, base: string, profile: Profile): string {
  if (!/^https?:/.test(source)) return under(base, source);
  const url = URL.parse(source);
  if (!url) throw new SettingsError(`${where}: the log list ${source} is not a URL`);
  if (url.protocol === 'http:' && profile === 'production') {
    throw new SettingsError(`${where}: the log list ${source} should be an https URL`);
  }
  return source;
}

function logsOfEnvironment(keys: readonly string[], file: string | undefined): WatchedLog[] {
  const where = (line: number): string => `${file}, line ${line}`;
  const lines = file === undefined ? [] : readText(file, `logs (${PREFIX}LOGS_FILE)`).split('\n');
  return [
    ...keys.map((key) => parseLog({ items: [key], where: `${PREFIX}LOGS` })),
    ...lines.flatMap((line, index) => {
      const items = line.split(/\s+/).filter((item) => item !== '');
      return items.length === 0 || items[0]?.startsWith('#') ? [] : [parseLog({ items, where: where(index + 1) })];
    }),
  ];
}

/** `<vkey> [<url>] [qpd <number>]` */
function parseLog({ items, where }: ConfigLine): WatchedLog {
  const [vkey = '', ...options] = items;
  const key = parseKey(vkey, where, logVerifier, 'the key of a log');
  const url = options[0] === undefined || options[0] === 'qpd' ? undefined : parseUrl(options.shift() ?? '', where);
  const [word, number, ...more] = options;
  if (word !== undefined && (word !== 'qpd' || number === undefined || more.length > 0)) {
    throw new SettingsError(`${where}: should be a verifier key, and perhaps a URL, and qpd with a number`);
  }
  return { ...key, ...(url !== undefined && { url }), ...(number !== undefined && { qpd: parseQpd(number, where) }) };
}

function parseQpd(text: string, where: string): number {
  const qpd = Number(text);
  if (!/^[1-9]\d*$/.test(text) || qpd > QPD_MAX) {
    throw new SettingsError(`${where}: qpd is ${JSON.stringify(text)}, it should be from 1 to ${QPD_MAX}`);
  }
  return qpd;
}

/** `<name> <vkey> [<url>]` */
function parseWitness({ items, where }: ConfigLine): OtherWitness {
  const [name = '', vkey = '', url] = items;
  const key = parseKey(vkey, where, cosignatureVerifier, 'the key of a witness');
  return { name, key, ...(url !== undefined && { url: parseUrl(url, where) }) };
}

function parseUrl(text: string, where: string): string {
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return text;
  throw new SettingsError(`${where}: ${JSON.stringify(text)} is not an http or https URL`);
}
