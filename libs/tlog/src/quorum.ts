import { isSameKey, parseNote, type Note, type NoteSignature, type NoteVerifier, type VerifierKey } from '#libs/note';
import { parseCheckpoint } from './checkpoint.js';
import { cosignatureVerifier, parseCosignature } from './cosignature.js';
import { logVerifier } from './log-verifier.js';
import { NO_QUORUM, type TlogPolicy } from './policy.js';

/** What a policy finds in a checkpoint. It is valid under the policy if there is a log and a quorum. */
export interface PolicyVerdict {
  /** The key of the policy that signed it as the log that it names. */
  readonly log: VerifierKey | undefined;
  /** The witnesses of the policy that cosigned it. */
  readonly witnesses: readonly CosignedBy[];
  readonly quorum: boolean;
}

export interface CosignedBy {
  /** As the policy calls it. */
  readonly name: string;
  readonly keyName: string;
  /** POSIX time in seconds, by the witness's clock. */
  readonly timestamp: bigint;
}

/**
 * Judges a checkpoint by a policy. A signature that does not verify counts as absent: a broken cosignature, which anyone
 * can add to a note on its way, must not take away what the others say.
 * @throws NoteError malformed-note, TlogError malformed-checkpoint
 */
export function evaluatePolicy(policy: TlogPolicy, checkpoint: Note | Uint8Array): PolicyVerdict {
  const note = checkpoint instanceof Uint8Array ? parseNote(checkpoint) : checkpoint;
  const { origin } = parseCheckpoint(note.text);
  const log = policy.logs.find(({ key }) => key.name === origin && signatureBy(key, note, logVerifier));
  const witnesses = policy.witnesses.flatMap(({ name, key }): CosignedBy[] => {
    const line = signatureBy(key, note, cosignatureVerifier);
    return line ? [{ name, keyName: key.name, timestamp: parseCosignature(line.signature).timestamp }] : [];
  });
  return {
    log: log?.key,
    witnesses,
    quorum: isQuorum(
      policy,
      witnesses.map(({ name }) => name),
    ),
  };
}

function signatureBy(
  key: VerifierKey,
  { text, signatures }: Note,
  verifierFor: (key: VerifierKey) => NoteVerifier,
): NoteSignature | undefined {
  const lines = signatures.filter((line) => isSameKey(line, { name: key.name, keyId: key.id }));
  if (lines.length === 0) return undefined; // most keys of a policy: not worth importing
  const verifier = verifierFor(key);
  return lines.find(({ signature }) => verifier.verify(text, signature));
}

/** Whether these witnesses, by their names in the policy, make its quorum. */
export function isQuorum({ groups, quorum }: TlogPolicy, witnesses: Iterable<string>): boolean {
  const witnessed = new Set(witnesses);
  // Groups refer backwards only, so that one pass in order settles them all.
  for (const { name, threshold, members } of groups) {
    if (members.filter((member) => witnessed.has(member)).length >= threshold) witnessed.add(name);
  }
  return quorum === NO_QUORUM || witnessed.has(quorum);
}
