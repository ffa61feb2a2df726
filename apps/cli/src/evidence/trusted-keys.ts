import { CodedError } from '#libs/crypto';
import { parseVerifierKey, type VerifierKey } from '#libs/note';
import type { Context } from '../context.js';
import { Failure } from '../failure.js';
import { logKeys } from '../log-verifiers.js';
import { loadPolicy } from '../policy-file.js';
import { findTrust, isUrl } from '../trust-config.js';

/** Keys that the reader trusts, and by whose word. */
export interface KeySource {
  readonly name: string;
  readonly keys: readonly VerifierKey[];
}

/** --key, as often as it is given. @throws Failure usage */
export function namedKeys(vkeys: readonly string[]): KeySource {
  const keys = vkeys.map((vkey) => {
    try {
      return parseVerifierKey(vkey);
    } catch (cause) {
      if (!(cause instanceof CodedError)) throw cause;
      const next = 'it looks like example.org/log+12345678+Ab…, and is one word: quote it';
      throw new Failure('usage', `--key is no verifier key: ${cause.message}`, next, { cause });
    }
  });
  return { name: '--key', keys };
}

/**
 * The logs of the trust config, and the logs and witnesses of the policy, the named one or the one beside it; none without
 * either. Opens no socket. @throws Failure usage, no-trust
 */
export async function keysOfTrust(options: { readonly policy?: string }, context: Context): Promise<KeySource[]> {
  const given = context.trustConfig || context.io.env.TALLY_TRUST_CONFIG;
  if (given && isUrl(given)) {
    throw new Failure(
      'no-trust',
      `evidence is verified offline, and the trust config is at ${given}`,
      'save it and its tlog-policy to a folder, and give the file with --trust-config',
    );
  }
  const trust = await findTrust(context);
  const policy = await loadPolicy(trust, options, context);
  const root = trust ? [{ name: trust.source, keys: logKeys(trust.trustedRoot) }] : [];
  if (policy === undefined) return root;
  const { logs, witnesses } = policy.policy;
  return [...root, { name: policy.source, keys: [...logs, ...witnesses].map(({ key }) => key) }];
}
