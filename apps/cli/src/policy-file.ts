import { lstatSync } from 'node:fs';
import { resolve } from 'node:path';
import { utf8Decode } from '#libs/crypto';
import { parsePolicy, type TlogPolicy } from '#libs/tlog';
import { witnessSummary, type QuorumVerdict } from '#libs/verify';
import type { Context } from './context.js';
import { Failure } from './failure.js';
import { plain } from './lines.js';
import { besideTrust, isUrl, parseTrustPart, readTrustFile, type Trust } from './trust-config.js';

/** The witnesses that count, and how many of them (tlog-policy). */
export interface PolicyFile {
  readonly source: string;
  readonly text: string;
  readonly policy: TlogPolicy;
}

export interface PolicyOptions {
  /** A file; false after --no-policy. */
  readonly policy?: string | false;
}

/** --policy, else TALLY_POLICY, else `tlog-policy` beside the trust config if there is one. @throws Failure usage, no-trust */
export async function loadPolicy(
  trust: Trust | undefined,
  options: PolicyOptions,
  context: Context,
): Promise<PolicyFile | undefined> {
  if (options.policy === false) return undefined;
  if (options.policy === '') {
    // A variable of a script that is not set must not demand less than it was meant to.
    throw new Failure('usage', '--policy names no file', 'leave it out, or say --no-policy');
  }
  const given = options.policy ?? context.io.env.TALLY_POLICY;
  if (given !== undefined && given !== '') return parse(given, await readTrustFile(given, context));

  if (trust === undefined) return undefined;
  const beside = besideTrust(trust, 'tlog-policy');
  if (isUrl(beside)) {
    const { fetchTrustMaterial } = await import('#libs/client');
    const bytes = await fetchTrustMaterial(beside, { signal: context.io.signal });
    return bytes === undefined ? undefined : parse(beside, bytes);
  }
  return isThere(resolve(context.io.cwd, beside)) ? parse(beside, await readTrustFile(beside, context)) : undefined;
}

/** Also of a symbolic link that leads nowhere: that is a policy that can't be read, and not none. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Where it is only shown, a policy says nothing about logs that it doesn't name. */
export type Quorum = 'met' | 'not met' | 'not asked for this log';

export function quorumIn({ met, otherLog }: QuorumVerdict): Quorum {
  if (otherLog) return 'not asked for this log';
  return met ? 'met' : 'not met';
}

/** Each witness of the policy, one line each: for people. */
export function witnessLines({ witnesses }: QuorumVerdict): string {
  return witnesses.map((witness) => `${plain(witness.name)} ${witnessSummary(witness)}`).join('\n') || 'it names none';
}

/** The same for programs. */
export function witnessesJson({ witnesses }: QuorumVerdict): object[] {
  return witnesses.map(({ name, keyName, state, timestamp }) => ({
    name,
    keyName,
    state,
    ...(timestamp !== undefined && { time: timeOf(timestamp), timestamp }),
  }));
}

/** ISO 8601; undefined for what is no date. */
function timeOf(posixSeconds: bigint): string | undefined {
  const date = new Date(Number(posixSeconds) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

function parse(source: string, bytes: Uint8Array): PolicyFile {
  return parseTrustPart(source, 'tlog-policy', () => {
    const text = utf8Decode(bytes);
    return { source, text, policy: parsePolicy(text) };
  });
}
