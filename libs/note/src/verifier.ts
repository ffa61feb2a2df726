import { importPublicKey, verify } from '#crypto';
import { ed25519Spki, equalBytes } from '#libs/crypto';
import { NoteError } from './error.js';
import { KEY_TYPE, type VerifierKey } from './key.js';
import { parseNote, type Note, type NoteSignature } from './note.js';

/** Tells whether one key signed a text. `verify` never throws on a bad signature. */
export interface NoteVerifier {
  readonly name: string;
  readonly keyId: Uint8Array;
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

/**
 * Verifies plain note signatures: Ed25519 (0x01), and ECDSA over SHA-256 (0x02). The other types say something about
 * checkpoints only, and are verified by the library that knows checkpoints.
 * @throws NoteError unsupported-key-type, CryptoError for a key that is none
 */
export function noteVerifier(key: VerifierKey): NoteVerifier {
  const { name, id: keyId } = key;
  switch (key.type) {
    case KEY_TYPE.ed25519: {
      const publicKey = importPublicKey(ed25519Spki(key.publicKey));
      return { name, keyId, verify: (text, signature) => verify(publicKey, 'ed25519', text, signature) };
    }
    case KEY_TYPE.ecdsa: {
      const publicKey = importPublicKey(key.publicKey);
      if (!publicKey.algorithm.startsWith('ecdsa-')) {
        throw new NoteError(
          'unsupported-key-type',
          `verifier key ${name}: ${publicKey.algorithm} in the place of ECDSA`,
        );
      }
      return { name, keyId, verify: (text, signature) => verify(publicKey, 'ecdsa-sha256', text, signature) };
    }
    default:
      throw new NoteError('unsupported-key-type', `verifier key ${key.name}: type ${key.type} signs no plain notes`);
  }
}

/** A note, and those of its signatures that known keys made: at least one, and at most one of each key. */
export interface OpenedNote {
  readonly note: Note;
  readonly verified: readonly NoteSignature[];
}

/**
 * Verifies a note: signatures by unknown keys are ignored, one by a known key that does not verify condemns the whole
 * note, and some known key must have signed (signed-note, "Signatures").
 * @throws NoteError malformed-note, invalid-signature, unverified
 */
export function openNote(note: Note | Uint8Array, verifiers: readonly NoteVerifier[]): OpenedNote {
  const parsed = note instanceof Uint8Array ? parseNote(note) : note;
  const verified: NoteSignature[] = [];
  for (const signature of parsed.signatures) {
    const known = verifiers.filter((verifier) => isSameKey(signature, verifier));
    if (known.length === 0) continue;
    if (!known.some((verifier) => verifier.verify(parsed.text, signature.signature))) {
      throw new NoteError('invalid-signature', `note: the signature of ${signature.name} does not verify`);
    }
    if (!verified.some((earlier) => isSameKey(earlier, signature))) verified.push(signature);
  }
  if (verified.length === 0) throw new NoteError('unverified', 'note: no signature by a known key');
  return { note: parsed, verified };
}

/** Whether both name the same key: the name and the ID, never one of them alone. */
export function isSameKey(signature: NoteSignature, key: Pick<NoteSignature, 'name' | 'keyId'>): boolean {
  return signature.name === key.name && equalBytes(signature.keyId, key.keyId);
}
