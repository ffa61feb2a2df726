import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, equalBytes } from './bytes.js';
import { utf8Encode } from './utf8.js';

/**
 * Ed25519 verification as OpenSSL does it: the cofactorless equation of RFC 8032 §5.1.7, compared as bytes. noble's own
 * `verify` multiplies by the cofactor, so that two nodes could disagree on one crafted signature; this one can't.
 */
const P = 2n ** 255n - 19n;
const L = ed25519.Point.Fn.ORDER;

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value;
}

// The y coordinates of the eight points of small order: a key there verifies signatures that nobody made.
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  P - 1n,
  littleEndian(hexBytes('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')),
  littleEndian(hexBytes('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')),
]);

function hexBytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** False for keys on which implementations disagree: y not below p, or a point of small order (RFC 8032 §5.1.3, §8.8). */
export function ed25519KeyIsUsable(raw: Uint8Array): boolean {
  const y = littleEndian(raw) & (2n ** 255n - 1n);
  return y < P && !SMALL_ORDER_Y.has(y);
}

// RFC 8032 §5.1, dom2(1, ''): what sets Ed25519ph apart.
const DOM2_PREHASHED = concatBytes(utf8Encode('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0));
const EMPTY = new Uint8Array(0);

/** Verifies an Ed25519 signature, or with `prehashed` an Ed25519ph one over a SHA-512 digest. */
export function ed25519Verify(
  raw: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  prehashed: boolean,
): boolean {
  if (signature.length !== 64 || (prehashed && message.length !== 64)) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  if (s >= L) return false;
  try {
    const key = ed25519.Point.fromBytes(raw);
    const k = littleEndian(sha512(concatBytes(prehashed ? DOM2_PREHASHED : EMPTY, r, raw, message))) % L;
    const sB = s === 0n ? ed25519.Point.ZERO : ed25519.Point.BASE.multiplyUnsafe(s);
    return equalBytes(sB.subtract(key.multiplyUnsafe(k)).toBytes(), r);
  } catch {
    return false; // the key is not a point of the curve
  }
}
