import { createECDH, createHash, createPublicKey, verify, type ECDH } from 'node:crypto';
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { PublicKey } from './backend.js';
import { ecdsaVerifyDigest } from './ecdsa.js';

/**
 * ECDSA over a digest with OpenSSL's arithmetic, which node:crypto offers over a message only: it hashes what it is given.
 *
 * So it is given a message of ours, the empty one, and a key that makes up for the difference. A signature (r, s) over
 * the number e of a digest verifies under Q if (FIPS 186-5 §6.4.2, with n the order of the base point G)
 *
 *     R = (e/s)·G + (r/s)·Q,   R is not the point at infinity,   x(R) mod n = r.
 *
 * Let e′ be the number of the digest of our message, t = (e − e′)/r mod n, and Q′ = Q + t·G. Then
 *
 *     (e′/s)·G + (r/s)·Q′  =  (e′/s)·G + (r/s)·Q + ((e − e′)/s)·G  =  (e/s)·G + (r/s)·Q  =  R,
 *
 * the very same point, whoever made r and s, and whether or not they are right. So (r, s) verifies over our message under
 * Q′ exactly if it verifies over e under Q: OpenSSL's answer to the one question is the answer to the other. t·G is the
 * public key of t as a private key; the one addition of points is done here. Nothing is secret, so time tells nothing.
 *
 * Signatures that are not DER or out of range, and sums that the formula doesn't cover (t = 0, Q = ±t·G), go to noble: ten
 * to twenty times as slow, and nobody meets them by chance. So does whatever OpenSSL refuses with an exception.
 */
export function ecdsaVerifyDigestNatively(key: PublicKey, digest: Uint8Array, signature: Uint8Array): boolean {
  const curve = CURVES[key.algorithm as EcdsaAlgorithm];
  return verifyShifted(curve, key.raw, digest, signature) ?? ecdsaVerifyDigest(curve.noble, key.raw, digest, signature);
}

/** Whether the coordinates of an uncompressed point are below p and solve y² = x³ + ax + b (SEC 1 §3.2.2.1). */
export function isOnCurve(key: PublicKey): boolean {
  const { p, a, b, bytes } = CURVES[key.algorithm as EcdsaAlgorithm];
  const { x, y } = readPoint(key.raw, bytes);
  return x < p && y < p && (y * y - ((x * x + a) * x + b)) % p === 0n;
}

type EcdsaAlgorithm = 'ecdsa-p256' | 'ecdsa-p384' | 'ecdsa-p521';

interface Curve {
  readonly noble: ECDSA;
  readonly jwkName: string;
  readonly ecdh: ECDH;
  /** The field, the order of the group, and the curve's equation. */
  readonly p: bigint;
  readonly n: bigint;
  readonly a: bigint;
  readonly b: bigint;
  /** Of a coordinate, and of a scalar: for these curves they are the same. */
  readonly bytes: number;
  readonly orderBits: number;
}

interface AffinePoint {
  readonly x: bigint;
  readonly y: bigint;
}

function curve(noble: ECDSA, jwkName: string, opensslName: string): Curve {
  const { p, n, a, b } = noble.Point.CURVE();
  const { BYTES, BITS } = noble.Point.Fn;
  return { noble, jwkName, ecdh: createECDH(opensslName), p, n, a, b, bytes: BYTES, orderBits: BITS };
}

const CURVES: Readonly<Record<EcdsaAlgorithm, Curve>> = {
  'ecdsa-p256': curve(p256, 'P-256', 'prime256v1'),
  'ecdsa-p384': curve(p384, 'P-384', 'secp384r1'),
  'ecdsa-p521': curve(p521, 'P-521', 'secp521r1'),
};

const OUR_MESSAGE = new Uint8Array(0);
const OUR_HASH = 'sha256';
/** e′: a SHA-256 digest is not longer than any of the orders, so that it is the number as it stands. */
const OUR_NUMBER = toNumber(createHash(OUR_HASH).update(OUR_MESSAGE).digest());

/** The verdict; undefined where it is noble's to give. */
function verifyShifted(
  curve: Curve,
  point: Uint8Array,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean | undefined {
  try {
    // noble's reading of DER and of the ranges of r and s, so that there is only one.
    const { r } = curve.noble.Signature.fromBytes(signature, 'der');
    const t = modulo((digestNumber(digest, curve.orderBits) - OUR_NUMBER) * invert(r, curve.n), curve.n);
    if (t === 0n) return undefined;
    curve.ecdh.setPrivateKey(toBytes(t, curve.bytes));
    const shifted = add(curve, readPoint(point, curve.bytes), readPoint(curve.ecdh.getPublicKey(), curve.bytes));
    return shifted && verify(OUR_HASH, OUR_MESSAGE, importPoint(curve, shifted), signature);
  } catch {
    return undefined;
  }
}

/** The sum of two points with different x; undefined for a double, or the point at infinity. */
function add({ p }: Curve, first: AffinePoint, second: AffinePoint): AffinePoint | undefined {
  if (first.x === second.x) return undefined;
  const slope = ((second.y - first.y) * invert(modulo(second.x - first.x, p), p)) % p;
  const x = modulo(slope * slope - first.x - second.x, p);
  return { x, y: modulo(slope * (first.x - x) - first.y, p) };
}

// A JWK, because OpenSSL takes a third longer to read the same point out of DER. It checks that it is on the curve.
function importPoint({ jwkName, bytes }: Curve, { x, y }: AffinePoint): ReturnType<typeof createPublicKey> {
  const coordinate = (number: bigint): string => toBytes(number, bytes).toString('base64url');
  return createPublicKey({ key: { kty: 'EC', crv: jwkName, x: coordinate(x), y: coordinate(y) }, format: 'jwk' });
}

/** The leftmost bits of a digest, as many as the order has (FIPS 186-5 §6.4.2 step 2). */
function digestNumber(digest: Uint8Array, orderBits: number): bigint {
  const excess = digest.length * 8 - orderBits;
  const number = toNumber(digest);
  return excess > 0 ? number >> BigInt(excess) : number;
}

/** 0x04 ‖ x ‖ y */
function readPoint(point: Uint8Array, bytes: number): AffinePoint {
  return { x: toNumber(point.subarray(1, 1 + bytes)), y: toNumber(point.subarray(1 + bytes)) };
}

/** By the extended Euclidean algorithm, of a number from 1 to m - 1 for a prime m. */
function invert(number: bigint, m: bigint): bigint {
  let [older, newer] = [m, number];
  let [olderFactor, newerFactor] = [0n, 1n];
  while (newer > 0n) {
    const quotient = older / newer;
    [older, newer] = [newer, older - quotient * newer];
    [olderFactor, newerFactor] = [newerFactor, olderFactor - quotient * newerFactor];
  }
  return modulo(olderFactor, m);
}

function modulo(number: bigint, m: bigint): bigint {
  const rest = number % m;
  return rest < 0n ? rest + m : rest;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`);
}

function toBytes(number: bigint, length: number): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * length, '0'), 'hex');
}
