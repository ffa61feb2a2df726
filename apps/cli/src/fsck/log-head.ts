import { CodedError } from '#libs/crypto';
import { parseNote, type NoteVerifier } from '#libs/note';
import { logVerifier, openCheckpoint, parseCheckpoint, type Checkpoint } from '#libs/tlog';
import { Failure } from '../failure.js';
import type { PolicyFile } from '../policy-file.js';
import type { Trust } from '../trust-config.js';
import { knownKeys } from '../views/known-keys.js';

/** Whose signature a checkpoint has to have. */
export interface Authority {
  readonly verifiers: readonly NoteVerifier[];
  /** For messages: `the key …`, or where it is written. */
  readonly name: string;
  readonly given: 'key' | 'trust';
}

/** --key, else the trust config and the policy. Undefined without any. @throws Failure usage */
export function authorityOf(
  vkey: string | undefined,
  trust: Trust | undefined,
  policy: PolicyFile | undefined,
): Authority | undefined {
  if (vkey === undefined && trust === undefined && policy === undefined) return undefined;
  const { logs, source } = knownKeys(vkey, trust, policy);
  const verifiers = logs.map(logVerifier);
  return vkey === undefined
    ? { verifiers, name: source, given: 'trust' }
    : { verifiers, name: `the key of ${logs[0]?.name}`, given: 'key' };
}

/**
 * The checkpoint of a signed note, verified if there is anybody to verify it by.
 * @throws Failure not-verified; no-trust when it is signed by no log of the trust config
 */
export function openHead(note: Uint8Array, address: string, authority: Authority | undefined): Checkpoint {
  try {
    return authority ? openCheckpoint(note, authority.verifiers).checkpoint : parseCheckpoint(parseNote(note).text);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    if (cause.code !== 'unverified' || authority === undefined) {
      const what = authority ? 'does not verify' : 'is none';
      throw new Failure('not-verified', `the checkpoint of ${address} ${what}: ${cause.message}`, undefined, { cause });
    }
    const [code, who, next] =
      authority.given === 'key'
        ? (['not-verified', authority.name, undefined] as const)
        : ([
            'no-trust',
            `any log of ${authority.name}`,
            'name its key with --key, its tlog-policy with --policy, or its trust with --trust-config',
          ] as const);
    throw new Failure(code, `the checkpoint of ${address} is not signed by ${who}`, next, { cause });
  }
}
