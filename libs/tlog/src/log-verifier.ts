import { importPublicKey, verify } from '#crypto';
import type { PublicKey } from '#libs/crypto';
import { KEY_TYPE, noteVerifier, type NoteVerifier, type VerifierKey } from '#libs/note';
import { parseCheckpoint } from './checkpoint.js';
import { cosignatureVerifier } from './cosignature.js';
import { TlogError } from './error.js';
import { parseRfc6962NoteSignature, treeHeadSignatureInput } from './rfc6962-note-signature.js';

/**
 * Verifies what logs sign their checkpoints with: Ed25519 (0x01), ECDSA (0x02), RFC 6962 tree heads (0x05), ML-DSA-44
 * (0x06). Under 0x05 the origin is unauthenticated: the key alone says which log it is.
 * @throws TlogError unsupported-key-type, CryptoError for a key that is none
 */
export function logVerifier(key: VerifierKey): NoteVerifier {
  switch (key.type) {
    case KEY_TYPE.ed25519:
    case KEY_TYPE.ecdsa:
      return noteVerifier(key);
    case KEY_TYPE.mlDsa44Cosignature:
      return cosignatureVerifier(key);
    case KEY_TYPE.rfc6962: {
      const publicKey = importPublicKey(key.publicKey);
      return {
        name: key.name,
        keyId: key.id,
        verify: (text, signature) => verifiesTreeHead(publicKey, text, signature),
      };
    }
    default:
      throw new TlogError('unsupported-key-type', `verifier key ${key.name}: type ${key.type} signs no checkpoints`);
  }
}

function verifiesTreeHead(publicKey: PublicKey, text: Uint8Array, bytes: Uint8Array): boolean {
  try {
    const checkpoint = parseCheckpoint(text);
    const { timestampMs, scheme, signature } = parseRfc6962NoteSignature(bytes);
    // static-ct-api: such a checkpoint must not have extension lines, as the signature does not cover them.
    if (checkpoint.extensions.length > 0) return false;
    return verify(publicKey, scheme, treeHeadSignatureInput(timestampMs, checkpoint.size, checkpoint.root), signature);
  } catch (error) {
    if (error instanceof TlogError) return false;
    throw error;
  }
}
