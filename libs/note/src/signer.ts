import type { VerifierKey } from './key.js';
import { requireText, type Note, type NoteSignature } from './note.js';
import { isSameKey } from './verifier.js';

/** Makes the signature of one key, without the key ID. */
export interface NoteSigner {
  readonly key: VerifierKey;
  sign(text: Uint8Array): Promise<Uint8Array>;
}

/**
 * The text signed by every signer, after the `existing` signatures; an existing one by the same key is replaced.
 * @throws NoteError malformed-note if the text can't stand in a note
 */
export async function signNote(
  text: Uint8Array,
  signers: readonly NoteSigner[],
  existing: readonly NoteSignature[] = [],
): Promise<Note> {
  requireText(text);
  const made = await Promise.all(
    signers.map(async (signer): Promise<NoteSignature> => ({
      name: signer.key.name,
      keyId: signer.key.id,
      signature: await signer.sign(text),
    })),
  );
  return { text, signatures: [...existing.filter((old) => !made.some((fresh) => isSameKey(old, fresh))), ...made] };
}
