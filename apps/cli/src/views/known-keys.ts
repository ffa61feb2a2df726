import { CodedError } from '#libs/crypto';
import { parseVerifierKey } from '#libs/note';
import { logVerifier, type TlogPolicy } from '#libs/tlog';
import { Failure } from '../failure.js';
import { logKeys } from '../log-verifiers.js';
import type { PolicyFile } from '../policy-file.js';
import type { Trust } from '../trust-config.js';
import type { KnownKeys } from './view.js';

/** --key, else the logs of the trust config; the witnesses of the policy. @throws Failure usage, no-trust */
export function knownKeys(
  vkey: string | undefined,
  trust: Trust | undefined,
  policy: PolicyFile | undefined,
): KnownKeys {
  const witnesses = policy === undefined ? [] : witnessKeys(policy.policy);
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
  if (trust !== undefined) return { logs: logKeys(trust.trustedRoot), witnesses, source: trust.source };
  throw new Failure(
    'no-trust',
    'nobody says which key the log signs with: there is neither --key nor a trust config',
    'give its verifier key with --key, or the trust of its deployment with --trust-config',
  );
}

function witnessKeys({ witnesses }: TlogPolicy): KnownKeys['witnesses'] {
  return witnesses.map(({ key }) => key);
}
