import { importPublicKey, verify } from '#crypto';
import { concatBytes, ed25519Spki, encodeDer, encodeOid, u64, utf8Encode, vector } from '#libs/crypto';
import { MAX_SIZE } from '#libs/merkle';
import { KEY_TYPE, type NoteVerifier, type VerifierKey } from '#libs/note';
import { parseCheckpoint } from './checkpoint.js';
import { TlogError } from './error.js';

/** A cosigner's statement, as it stands in a note signature after the key ID. */
export interface Cosignature {
  /** POSIX time in seconds. 0 (ML-DSA-44 only): no claim that this was the largest tree seen. */
  readonly timestamp: bigint;
  readonly signature: Uint8Array;
}

const TIMESTAMP_BYTES = 8;
const TIMESTAMP_MAX = MAX_SIZE; // tlog-cosignature: must not exceed 2^63 - 1
const ED25519_SIGNATURE_BYTES = 64;
const ML_DSA_44_SIGNATURE_BYTES = 2420;

/** What an Ed25519 cosignature (0x04) signs: tlog-cosignature, "Ed25519 signed message". `text` is the whole note text. */
export function cosignatureMessage(text: Uint8Array, timestamp: bigint): Uint8Array {
  return concatBytes(utf8Encode(`cosignature/v1\ntime ${timestamp}\n`), text);
}

/** The tree or subtree that an ML-DSA-44 cosignature is about. */
export interface CosignedSubtree {
  readonly cosigner: string;
  readonly timestamp: bigint;
  readonly origin: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly root: Uint8Array;
}

// tlog-cosignature: uint8 label[12].
const SUBTREE_LABEL = utf8Encode('subtree/v1\n\0');

/**
 * What an ML-DSA-44 cosignature (0x06) signs: tlog-cosignature, "ML-DSA-44 signed message". The one place that knows this
 * format: it may still lose the timestamp where start is not 0. @throws RangeError for names above 255 bytes
 */
export function subtreeCosignatureMessage(subtree: CosignedSubtree): Uint8Array {
  return concatBytes(
    SUBTREE_LABEL,
    vector(1, utf8Encode(subtree.cosigner)),
    u64(subtree.timestamp),
    vector(1, utf8Encode(subtree.origin)),
    u64(subtree.start),
    u64(subtree.end),
    subtree.root,
  );
}

/** timestamped_signature: the note signature of a cosigner, without the key ID. @throws TlogError malformed-cosignature */
export function encodeCosignature(timestamp: bigint, signature: Uint8Array): Uint8Array {
  if (timestamp < 0n || timestamp > TIMESTAMP_MAX) throw malformed(`timestamp ${timestamp} is not from 0 to 2^63 - 1`);
  return concatBytes(u64(timestamp), signature);
}

/** The inverse of `encodeCosignature`, for either algorithm; verifies nothing. @throws TlogError malformed-cosignature */
export function parseCosignature(bytes: Uint8Array): Cosignature {
  const length = bytes.length - TIMESTAMP_BYTES;
  if (length !== ED25519_SIGNATURE_BYTES && length !== ML_DSA_44_SIGNATURE_BYTES) {
    throw malformed(`${bytes.length} bytes are neither an Ed25519 nor an ML-DSA-44 signature with a timestamp`);
  }
  const timestamp = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  if (timestamp > TIMESTAMP_MAX) throw malformed(`timestamp ${timestamp} is above 2^63 - 1`);
  return { timestamp, signature: bytes.subarray(TIMESTAMP_BYTES) };
}

/**
 * Verifies cosignatures on checkpoints: Ed25519 (0x04) and ML-DSA-44 (0x06; start 0, end the tree size).
 * @throws TlogError unsupported-key-type, CryptoError for a key that is none
 */
export function cosignatureVerifier(key: VerifierKey): NoteVerifier {
  const { name, id: keyId } = key;
  switch (key.type) {
    case KEY_TYPE.cosignature: {
      const publicKey = importPublicKey(ed25519Spki(key.publicKey));
      const verifies = (text: Uint8Array, { timestamp, signature }: Cosignature): boolean =>
        verify(publicKey, 'ed25519', cosignatureMessage(text, timestamp), signature);
      return { name, keyId, verify: (text, bytes) => holds(() => verifies(text, parseCosignature(bytes))) };
    }
    case KEY_TYPE.mlDsa44Cosignature: {
      const publicKey = importPublicKey(mlDsa44Spki(key.publicKey));
      const verifies = (text: Uint8Array, { timestamp, signature }: Cosignature): boolean => {
        const { origin, size, root, extensions } = parseCheckpoint(text);
        // The signature does not cover extension lines: a text that has some is not what was signed.
        if (extensions.length > 0) return false;
        const tree = { cosigner: name, timestamp, origin, start: 0n, end: size, root };
        return verify(publicKey, 'ml-dsa-44', subtreeCosignatureMessage(tree), signature);
      };
      return { name, keyId, verify: (text, bytes) => holds(() => verifies(text, parseCosignature(bytes))) };
    }
    default:
      throw new TlogError('unsupported-key-type', `verifier key ${name}: type ${key.type} makes no cosignatures`);
  }
}

/** A verifier answers no to what it can't read: a cosignature of another length, a text that is no checkpoint. */
function holds(verifies: () => boolean): boolean {
  try {
    return verifies();
  } catch (error) {
    if (error instanceof TlogError || error instanceof RangeError) return false;
    throw error;
  }
}

/** SubjectPublicKeyInfo of a raw ML-DSA-44 key: RFC 9881 §4, no algorithm parameters. */
function mlDsa44Spki(raw: Uint8Array): Uint8Array {
  const algorithm = encodeDer(0x30, encodeOid('2.16.840.1.101.3.4.3.17'));
  return encodeDer(0x30, algorithm, encodeDer(0x03, Uint8Array.of(0), raw));
}

function malformed(problem: string): TlogError {
  return new TlogError('malformed-cosignature', `cosignature: ${problem}`);
}
