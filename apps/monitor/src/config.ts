import { resolve } from 'node:path';
import { z } from 'zod';
import { CodedError } from '#libs/crypto';
import { sharedTreeHeadKey } from '#libs/evidence';
import type { VerifierKey } from '#libs/note';
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
  type LineSetting,
  type Profile,
} from '#libs/server';
import { cosignatureVerifier, logVerifier, parsePolicy, type TlogPolicy } from '#libs/tlog';
import { CONFIG_WORDS, type MonitorWord } from './config-words.js';
import { checkUrl, isHttpUrl, parseTime } from './values.js';

const PREFIX = 'TALLY_MONITOR_';
const DEFAULT_DATA = 'tally-monitor-data';
const DAY_MS = 24 * 60 * 60_000;

/** A key of a log; its name is the origin. */
export interface LogAddress {
  readonly key: VerifierKey;
  /** tlog-tiles: what stands before `/checkpoint`. */
  readonly url?: string;
}

export interface MirrorAddress {
  readonly origin: string;
  /** What stands before `/checkpoint`. */
  readonly url: string;
}

export interface WitnessAddress {
  readonly name: string;
  readonly key: VerifierKey;
  /** tlog-witness: its monitoring prefix. */
  readonly url?: string;
}

export interface NamedPolicy {
  /** The path of its file, for messages. */
  readonly name: string;
  readonly policy: TlogPolicy;
}

export interface MonitorConfig {
  readonly profile: Profile;
  readonly host: string;
  readonly port: number;
  /** What alarms call it. */
  readonly name: string;
  readonly dataDirectory: string;
  /** A log may have several keys, and several addresses. */
  readonly logs: readonly LogAddress[];
  readonly mirrors?: readonly MirrorAddress[];
  readonly witnesses?: readonly WitnessAddress[];
  readonly policies?: readonly NamedPolicy[];
  /** Multiaddrs: to listen on, to tell others, to stay connected to. With none of them there is no gossip. */
  readonly p2p?: readonly string[];
  readonly announce?: readonly string[];
  readonly peers?: readonly string[];
  /** Every address is asked this often, give or take a fifth. */
  readonly pollMs: number;
  /** Most troubles are an alarm only when they last this long. */
  readonly alarmAfterMs: number;
  /** An address may be this far behind what the log has signed. */
  readonly lagAfterMs: number;
  /** The newest time in a published checkpoint may be this old. */
  readonly staleAfterMs: number;
  /** Alarms are posted there. */
  readonly webhook?: string;
  readonly p2pTuning?: Partial<P2pTuning>;
}

/** What a deployment that says nothing gets. */
export const DEFAULT_TIMES = {
  pollMs: 10_000,
  alarmAfterMs: 60_000,
  lagAfterMs: 10 * 60_000,
  staleAfterMs: DAY_MS,
} as const;

const TIME_WANTED = 'should be a time from 1s to 365d, such as 10s, 5m, 24h';

const text = z.string().min(1).optional();
const time = (defaultMs: number): z.ZodType<number> =>
  z
    .string()
    .transform((value, context) => {
      const ms = parseTime(value);
      if (ms === undefined) context.addIssue(TIME_WANTED);
      return ms ?? 0;
    })
    .default(defaultMs);

const settings = z.strictObject({
  ...serviceSettings,
  // The strict one: whoever runs a monitor without a word about it runs a real one.
  profile: serviceSettings.profile.default('production'),
  port: serviceSettings.port.default(7109),
  name: z.string().min(1).max(100).default('monitor'),
  dataDirectory: z.string().min(1).optional(),
  logs: text,
  mirrors: text,
  witnesses: text,
  policies: text,
  p2p: text,
  announce: text,
  peers: text,
  poll: time(DEFAULT_TIMES.pollMs),
  alarmAfter: time(DEFAULT_TIMES.alarmAfterMs),
  lagAfter: time(DEFAULT_TIMES.lagAfterMs),
  staleAfter: time(DEFAULT_TIMES.staleAfterMs),
  webhook: z.string().min(1).optional(),
});

/** Words of the file that the environment knows by another name: there may be many of them on one variable. */
const PLURALS = {
  log: 'logs',
  mirror: 'mirrors',
  witness: 'witnesses',
  policy: 'policies',
  peer: 'peers',
  p2p: 'p2p',
  announce: 'announce',
} as const;

/**
 * `TALLY_MONITOR_*`, and the config file that `--config` or `TALLY_MONITOR_CONFIG` names; what the environment says wins.
 * Paths in the file are relative to its folder. @throws SettingsError
 */
export function loadConfig(all: NodeJS.ProcessEnv, configPath?: string): MonitorConfig {
  const { file, base, env } = openConfig(PREFIX, CONFIG_WORDS, all, configPath);
  const said = readSettings(PREFIX, settings, { ...fileSettings(file, base), ...env });
  const { profile, webhook } = said;

  const linesOf = (word: keyof typeof PLURALS): readonly ConfigLine[] => {
    const value = said[PLURALS[word]];
    if (value === undefined) return file.get(word) ?? [];
    return parseConfigVariable(value, PREFIX + PLURALS[word].toUpperCase(), CONFIG_WORDS[word]);
  };
  const addresses = (word: 'p2p' | 'announce' | 'peer'): string[] => checkedItems(linesOf(word), checkAddress);
  const relativeTo = said.policies === undefined ? base : '.';

  const logs = linesOf('log').map((line) => parseLog(line, profile));
  const policies = linesOf('policy').map((line) => parsePolicyLine(line, relativeTo, profile));
  const keys = [...logs, ...policies.flatMap(({ policy }) => policy.logs)].map(({ key }) => key);
  const shared = sharedTreeHeadKey(keys);
  if (shared !== undefined) throw new SettingsError(shared);
  const origins = new Set(keys.map(({ name }) => name));
  if (origins.size === 0) {
    throw new SettingsError('no log is configured: there should be a log or a policy line (or TALLY_MONITOR_LOGS)');
  }
  return Object.freeze({
    profile,
    host: said.host,
    port: said.port,
    name: said.name,
    dataDirectory: said.dataDirectory ?? resolve(base, DEFAULT_DATA),
    logs,
    mirrors: linesOf('mirror').map((line) => parseMirror(line, origins, profile)),
    witnesses: linesOf('witness').map((line) => parseWitness(line, profile)),
    policies,
    p2p: addresses('p2p'),
    announce: addresses('announce'),
    peers: addresses('peer'),
    pollMs: said.poll,
    alarmAfterMs: said.alarmAfter,
    lagAfterMs: said.lagAfter,
    staleAfterMs: said.staleAfter,
    ...(webhook !== undefined && { webhook: checkUrl(webhook, 'webhook', profile) }),
  });
}

/** The settings that stand on one line of the file, as the environment would say them. @throws SettingsError */
function fileSettings(file: ConfigLines<MonitorWord>, base: string): Record<string, string> {
  const timeSetting = (variable: string): LineSetting =>
    valueSetting(variable, (value) => parseTime(value) !== undefined, `it ${TIME_WANTED}`);
  return lineSettings(file, PREFIX, {
    name: valueSetting('NAME'),
    profile: PROFILE_SETTING,
    listen: listenSetting('127.0.0.1:7109'),
    data: pathSetting('DATA_DIRECTORY', base),
    poll: timeSetting('POLL'),
    'alarm-after': timeSetting('ALARM_AFTER'),
    'lag-after': timeSetting('LAG_AFTER'),
    'stale-after': timeSetting('STALE_AFTER'),
    webhook: valueSetting('WEBHOOK', isHttpUrl, 'it should be an http or https URL'),
  });
}

/** `<vkey> [<url>]` */
function parseLog({ items, where }: ConfigLine, profile: Profile): LogAddress {
  const [vkey = '', url] = items;
  const key = parseKey(vkey, where, logVerifier, 'the key of a log');
  return { key, ...(url !== undefined && { url: checkUrl(url, where, profile) }) };
}

/** `<origin> <url>` */
function parseMirror({ items, where }: ConfigLine, origins: ReadonlySet<string>, profile: Profile): MirrorAddress {
  const [origin = '', url = ''] = items;
  if (!origins.has(origin)) throw new SettingsError(`${where}: no log line has the origin ${JSON.stringify(origin)}`);
  return { origin, url: checkUrl(url, where, profile) };
}

/** `<name> <vkey> [<url>]` */
function parseWitness({ items, where }: ConfigLine, profile: Profile): WitnessAddress {
  const [name = '', vkey = '', url] = items;
  const key = parseKey(vkey, where, cosignatureVerifier, 'the key of a witness');
  return { name, key, ...(url !== undefined && { url: checkUrl(url, where, profile) }) };
}

function parsePolicyLine({ items: [path = ''], where }: ConfigLine, base: string, profile: Profile): NamedPolicy {
  const name = resolve(base, path);
  const content = readText(name, `policy (${where})`);
  try {
    const policy = parsePolicy(content);
    for (const { url } of [...policy.logs, ...policy.witnesses]) if (url !== undefined) checkUrl(url, name, profile);
    return { name, policy };
  } catch (error) {
    if (error instanceof CodedError) throw new SettingsError(`${name}: ${error.message}`);
    throw error;
  }
}
