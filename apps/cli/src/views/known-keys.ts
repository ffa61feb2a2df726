import { CodedError } from '#libs/crypto';
import { parseVerifierKey } from '#libs/note';
import { logVerifier } from '#libs/tlog';
import { Failure } from '../failure.js';
import { logKeys } from '../log-verifiers.js';
import type { PolicyFile } from '../policy-file.js';
import type { Trust } from '../trust-config.js';
import type { KnownKeys } from './view.js';

/** --key, else the logs of the trust config and of the policy; the policy's witnesses. @throws Failure usage, no-trust */
export function knownKeys(
  vkey: string | undefined,
  trust: Trust | undefined,
  policy: PolicyFile | undefined,
): KnownKeys {
  const witnesses = policy?.policy.witnesses.map(({ key }) => key) ?? [];
  if (vkey !== undefined) {
    try {
      const key = parseVerifierKey(vkey);
      logVerifier(key); // throws for a key that signs no checkpoints
      return { logs: [key], witnesses, source: `the key ${key.name}` };
    } catch (cause) {
      if (!(cause instanceof CodedError)) throw cause;
      const next = 'it looks like example.org/log+12345678+Ab…, and is one word: quote it';
      throw new Failure('usage', `--key is no verifier key of a log: ${cause.message}`, next, { cause });
    }
  }
  if (trust === undefined && policy === undefined) {
    throw new Failure(
      'no-trust',
      'nobody says which key the log signs with: there is no --key, no tlog-policy and no trust config',
      'give its verifier key with --key, its tlog-policy with --policy, or the trust of its deployment with --trust-config',
    );
  }
  const trusted = trust ? logKeys(trust.trustedRoot) : [];
  const policed = policy?.policy.logs.map(({ key }) => key) ?? [];
  const sources = [trust?.source, policy?.source].filter((source) => source !== undefined);
  return { logs: [...trusted, ...policed], witnesses, source: sources.join(' and ') };
}
