import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { utf8Decode } from '#libs/crypto';
import { parsePolicy, type PolicyVerdict, type TlogPolicy } from '#libs/tlog';
import type { Context } from './context.js';
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

/** --policy, else TALLY_POLICY, else `tlog-policy` beside the trust config if there is one. @throws Failure no-trust */
export async function loadPolicy(
  trust: Trust,
  options: PolicyOptions,
  context: Context,
): Promise<PolicyFile | undefined> {
  if (options.policy === false) return undefined;
  const given = options.policy ?? context.io.env.TALLY_POLICY;
  if (given !== undefined && given !== '') return parse(given, await readTrustFile(given, context));

  const beside = besideTrust(trust, 'tlog-policy');
  if (isUrl(beside)) {
    const { fetchTrustMaterial } = await import('#libs/client');
    const bytes = await fetchTrustMaterial(beside, { signal: context.io.signal });
    return bytes === undefined ? undefined : parse(beside, bytes);
  }
  return existsSync(resolve(context.io.cwd, beside)) ? parse(beside, await readTrustFile(beside, context)) : undefined;
}

/** A policy says nothing about logs that it doesn't name. */
export type Quorum = 'met' | 'not met' | 'not asked for this log';

export function quorumIn({ log, quorum }: PolicyVerdict): Quorum {
  if (log === undefined) return 'not asked for this log';
  return quorum ? 'met' : 'not met';
}

/** The quorum in words: which witnesses, and how many of them. */
export function quorumDemand({ groups, quorum }: TlogPolicy): string {
  const group = groups.find(({ name }) => name === quorum);
  return group === undefined ? quorum : `${group.threshold} of ${group.members.join(', ')}`;
}

function parse(source: string, bytes: Uint8Array): PolicyFile {
  return parseTrustPart(source, 'tlog-policy', () => {
    const text = utf8Decode(bytes);
    return { source, text, policy: parsePolicy(text) };
  });
}
