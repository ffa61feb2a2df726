import { DER, DerError, derInteger, derSequence, encodeDer, type DerElement, type KeyAlgorithm } from '#libs/crypto';

// If (r, s) verifies, so does (r, n − s), and whoever passes a signature on can make the one from the other without the key.
// The canonical one has the smaller s. Many signers don't care which one they make (Go, OpenSSL, KMS), so a signature is
// brought into that form, and none is refused for having been made in the other.

/** The orders n of the base points: FIPS 186-5 and SP 800-186 §3.2.1. */
const ORDER: Readonly<Partial<Record<KeyAlgorithm, bigint>>> = {
  'ecdsa-p256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'ecdsa-p384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  'ecdsa-p521':
    0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

/** Two INTEGERs of P-521 in their SEQUENCE. */
const SIGNATURE_MAX_BYTES = 139;

interface EcdsaSignature {
  readonly r: bigint;
  readonly s: bigint;
}

/** The signature in minimal DER with the smaller s; undefined if it is no DER signature in the range of the curve. */
export function withLowS(signature: Uint8Array, algorithm: KeyAlgorithm): Uint8Array | undefined {
  const parsed = readSignature(signature);
  const order = ORDER[algorithm];
  if (parsed === undefined || order === undefined) return undefined;
  const { r, s } = parsed;
  if (r <= 0n || r >= order || s <= 0n || s >= order) return undefined;
  return isLow(s, order) ? signature : encodeDer(DER.sequence, encodeInteger(r), encodeInteger(order - s));
}

/**
 * Whether s is the smaller one, as far as that can be told without the key: the curve is the smallest that r and s fit,
 * which is another than the key's with a probability of 2^-128. Undefined if this is no minimal DER signature.
 */
export function hasLowS(signature: Uint8Array): boolean | undefined {
  const parsed = readSignature(signature);
  if (parsed === undefined || parsed.r <= 0n || parsed.s <= 0n) return undefined;
  const order = Object.values(ORDER).find((n) => parsed.r < n && parsed.s < n);
  return order === undefined ? undefined : isLow(parsed.s, order);
}

function isLow(s: bigint, order: bigint): boolean {
  return s <= order / 2n;
}

/** What the strict reader takes is minimal: lengths, integers, nothing behind. */
function readSignature(bytes: Uint8Array): EcdsaSignature | undefined {
  if (bytes.length > SIGNATURE_MAX_BYTES) return undefined;
  try {
    const [r, s, ...rest]: (DerElement | undefined)[] = derSequence(bytes);
    return rest.length > 0 ? undefined : { r: derInteger(r), s: derInteger(s) };
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function encodeInteger(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
  // X.690 §8.3: a leading zero where the highest bit would make it negative.
  return encodeDer(DER.integer, Uint8Array.from((bytes[0] ?? 0) >= 0x80 ? [0, ...bytes] : bytes));
}
