import type { PublicKey } from '#libs/crypto';
import { utf8Encode } from '#libs/crypto';
import { KEY_TYPE, noteVerifier, openNote, verifierKey, type VerifierKey } from '#libs/note';
import { parseCheckpoint, type Checkpoint } from '#libs/tlog';
import { logNames } from './trusted-log.js';
import type { TransparencyLog } from './trusted-root.js';
import { checking, VerificationError } from './verification-error.js';

/** Rekor v1 puts the ID of the shard's tree behind its name (rekor: pkg/util/checkpoint.go). */
const V1_TREE_ID = / - [0-9]+$/;

/**
 * Opens the checkpoint of a log: signed by its key under its own name, whatever else has been signed under the note.
 * @throws VerificationError checkpoint
 */
export function openLogCheckpoint(envelope: string, log: TransparencyLog): Checkpoint {
  return checking('checkpoint', `the checkpoint of ${log.baseUrl}`, () => {
    const keys = logNames(log).map((name) => logKey(name, log.publicKey));
    const { note, verified } = openNote(utf8Encode(envelope), keys.map(noteVerifier));
    const checkpoint = parseCheckpoint(note.text);
    const name = checkpoint.origin.replace(V1_TREE_ID, '');
    if (verified.some((signature) => signature.name === name)) return checkpoint;
    throw new VerificationError(
      'checkpoint',
      `the checkpoint is of ${checkpoint.origin}, it should be of ${log.baseUrl}`,
    );
  });
}

function logKey(name: string, { algorithm, raw, spki }: PublicKey): VerifierKey {
  return algorithm === 'ed25519' ? verifierKey(name, KEY_TYPE.ed25519, raw) : verifierKey(name, KEY_TYPE.ecdsa, spki);
}
