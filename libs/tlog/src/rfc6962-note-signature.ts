import { ByteReader, BytesError, concatBytes, u64, vector } from '#libs/crypto';
import { TlogError } from './error.js';

/** static-ct-api's RFC6962NoteSignature: an RFC 6962 tree head signature in the place of a note signature (type 0x05). */
export interface Rfc6962NoteSignature {
  /** Milliseconds since the epoch, as the log stated them; part of what is signed. */
  readonly timestampMs: bigint;
  readonly scheme: TreeHeadScheme;
  readonly signature: Uint8Array;
}

export type TreeHeadScheme = 'ecdsa-sha256' | 'rsa-pkcs1-sha256';

// RFC 5246 §7.4.1.4.1: HashAlgorithm and SignatureAlgorithm. RFC 6962 §2.1.4 allows these two pairs.
const SHA256 = 4;
const SIGNATURE_ALGORITHM: Readonly<Record<TreeHeadScheme, number>> = { 'ecdsa-sha256': 3, 'rsa-pkcs1-sha256': 1 };
const SCHEME: Readonly<Record<number, TreeHeadScheme>> = { 3: 'ecdsa-sha256', 1: 'rsa-pkcs1-sha256' };

// RFC 6962 §3.5: Version v1, SignatureType tree_hash.
const V1_TREE_HASH = Uint8Array.of(0, 1);

/** What a CT log signs of its tree head: RFC 6962 §3.5. The origin is not in it. */
export function treeHeadSignatureInput(timestampMs: bigint, size: bigint, root: Uint8Array): Uint8Array {
  return concatBytes(V1_TREE_HASH, u64(timestampMs), u64(size), root);
}

/** The note signature, without the key ID. */
export function encodeRfc6962NoteSignature({ timestampMs, scheme, signature }: Rfc6962NoteSignature): Uint8Array {
  return concatBytes(u64(timestampMs), Uint8Array.of(SHA256, SIGNATURE_ALGORITHM[scheme]), vector(2, signature));
}

/** The inverse of `encodeRfc6962NoteSignature`; verifies nothing. @throws TlogError malformed-rfc6962-note-signature */
export function parseRfc6962NoteSignature(bytes: Uint8Array): Rfc6962NoteSignature {
  try {
    const reader = new ByteReader(bytes);
    const timestampMs = reader.u64();
    const [hash, algorithm] = [reader.u8(), reader.u8()];
    const scheme = SCHEME[algorithm];
    if (hash !== SHA256 || scheme === undefined)
      throw malformed(`algorithms ${hash} and ${algorithm} are not RFC 6962's`);
    const signature = reader.vector(2);
    reader.end();
    return { timestampMs, scheme, signature };
  } catch (cause) {
    if (cause instanceof BytesError) throw malformed(cause.message, { cause });
    throw cause;
  }
}

function malformed(problem: string, options?: ErrorOptions): TlogError {
  return new TlogError('malformed-rfc6962-note-signature', `RFC 6962 note signature: ${problem}`, options);
}
