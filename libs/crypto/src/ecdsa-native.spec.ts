import { createHash, generateKeyPairSync, hash, randomBytes, sign, verify } from 'node:crypto';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { describe, expect, test } from '@jest/globals';
import type { HashAlgorithm, PublicKey } from './backend.js';
import { concatBytes } from './bytes.js';
import { encodeDer } from './der.js';
import { ecdsaVerifyDigest } from './ecdsa.js';
import { ecdsaVerifyDigestNatively, isOnCurve } from './ecdsa-native.js';
import { importPublicKey } from './node.js';

/** TALLY_ECDSA_CASES=20000 for a long run. */
const CASES = Number(process.env['TALLY_ECDSA_CASES'] ?? 60);
/** noble takes 3 to 15 ms for one. */
const NOBLE_EVERY = 25;

const CURVES = [
  { algorithm: 'ecdsa-p256', namedCurve: 'P-256', curve: p256, own: 'sha256' },
  { algorithm: 'ecdsa-p384', namedCurve: 'P-384', curve: p384, own: 'sha384' },
  { algorithm: 'ecdsa-p521', namedCurve: 'P-521', curve: p521, own: 'sha512' },
] as const;
const MESSAGE = Buffer.from('a message');
const HASHES: readonly HashAlgorithm[] = ['sha256', 'sha384', 'sha512'];
const EMPTY_NUMBER = BigInt(`0x${createHash('sha256').digest('hex')}`);

function derInteger(number: bigint): Uint8Array {
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return encodeDer(0x02, (bytes[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), bytes) : bytes);
}

function derSignature(r: bigint, s: bigint): Uint8Array {
  return encodeDer(0x30, derInteger(r), derInteger(s));
}

function rawKey(algorithm: PublicKey['algorithm'], raw: Uint8Array): PublicKey {
  return { algorithm, spki: new Uint8Array(0), raw };
}

describe.each(CURVES)('on $namedCurve', ({ algorithm, namedCurve, curve, own }) => {
  const { Fn, BASE } = curve.Point;
  const n = Fn.ORDER;
  const bytes = Fn.BYTES;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  const key = importPublicKey(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })));
  const d = BigInt(`0x${Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url').toString('hex')}`);
  const digest = new Uint8Array(hash(own, MESSAGE, 'buffer'));

  /** e of a digest. */
  function digestNumber(of: Uint8Array): bigint {
    const excess = Math.max(0, of.length * 8 - Fn.BITS);
    return BigInt(`0x${Buffer.from(of).toString('hex')}`) >> BigInt(excess);
  }

  function bothSay(of: PublicKey, over: Uint8Array, signature: Uint8Array): boolean {
    const verdict = ecdsaVerifyDigestNatively(of, over, signature);
    expect(verdict).toBe(ecdsaVerifyDigest(curve, of.raw, over, signature));
    return verdict;
  }

  /** A signature over any number, with a nonce of ours. */
  function signNumber(e: bigint, secret: bigint, k: bigint): Uint8Array {
    const r = BASE.multiply(k).toAffine().x % n;
    return derSignature(r, Fn.mul(Fn.inv(k), Fn.create(e + r * secret)));
  }

  test('random signatures have the verdict of OpenSSL over the message, and of noble over the digest', () => {
    for (let i = 0; i < CASES; i++) {
      const pair = i % 10 === 0 ? generateKeyPairSync('ec', { namedCurve }) : { publicKey, privateKey };
      const of = importPublicKey(new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' })));
      const algorithm = HASHES[i % 3] ?? 'sha256';
      const message = randomBytes(i % 50);
      const signature = new Uint8Array(sign(algorithm, message, pair.privateKey));
      const over = new Uint8Array(hash(algorithm, message, 'buffer'));
      // Every other one is changed somewhere: in its DER, in r or in s.
      if (i % 2 === 1) signature[Math.floor(Math.random() * signature.length)]! ^= 1 << Math.floor(Math.random() * 8);
      const verdict = ecdsaVerifyDigestNatively(of, over, signature);
      expect(verdict).toBe(verify(algorithm, message, pair.publicKey, signature));
      if (i % 2 === 0) expect(verdict).toBe(true);
      if (i % NOBLE_EVERY < 2) expect(ecdsaVerifyDigest(curve, of.raw, over, signature)).toBe(verdict);
    }
  });

  test('a signature with s or with n - s verifies, whichever is the lower', () => {
    const { r, s } = curve.Signature.fromBytes(new Uint8Array(sign(own, MESSAGE, privateKey)), 'der');
    expect(bothSay(key, digest, derSignature(r, s))).toBe(true);
    expect(bothSay(key, digest, derSignature(r, n - s))).toBe(true);
  });

  test('numbers out of range verify nothing', () => {
    const { r, s } = curve.Signature.fromBytes(new Uint8Array(sign(own, MESSAGE, privateKey)), 'der');
    const odd = [0n, 1n, 2n, n - 1n, n, n + 1n, 2n ** BigInt(8 * bytes) - 1n, curve.Point.Fp.ORDER];
    for (const number of odd) {
      expect(bothSay(key, digest, derSignature(number, s))).toBe(false);
      expect(bothSay(key, digest, derSignature(r, number))).toBe(false);
      for (const other of odd) expect(bothSay(key, digest, derSignature(number, other))).toBe(false);
    }
    expect(bothSay(key, digest, derSignature(r + n, s))).toBe(false);
    expect(bothSay(key, digest, derSignature(r, s + n))).toBe(false);
  });

  test('what is not DER verifies nothing, even if it says the right numbers', () => {
    const { r, s } = curve.Signature.fromBytes(new Uint8Array(sign(own, MESSAGE, privateKey)), 'der');
    const padded = (number: bigint): Uint8Array =>
      encodeDer(0x02, Buffer.from(number.toString(16).padStart(2 * bytes + 4, '0'), 'hex'));
    const right = derSignature(r, s);
    const long = concatBytes(Uint8Array.of(0x30, 0x82, 0, right.length - 2), right.subarray(2));
    for (const signature of [
      encodeDer(0x30, padded(r), derInteger(s)),
      encodeDer(0x30, derInteger(r), padded(s)),
      encodeDer(0x30, derInteger(r), derInteger(s), derInteger(1n)),
      encodeDer(0x30, derInteger(r)),
      encodeDer(0x31, derInteger(r), derInteger(s)),
      concatBytes(right, Uint8Array.of(0)),
      right.subarray(1),
      right.subarray(0, -1),
      long,
      new Uint8Array(0),
      Buffer.concat([Buffer.alloc(bytes, 1), Buffer.alloc(bytes, 1)]),
    ]) {
      expect(bothSay(key, digest, new Uint8Array(signature))).toBe(false);
    }
  });

  test('digests at the ends of the range, also zero and our own, are numbers like any other', () => {
    const { length } = digest;
    const ends = [new Uint8Array(length), new Uint8Array(length).fill(0xff), new Uint8Array(length)];
    ends[2]![length - 1] = 1;
    const order = Buffer.from(
      n
        .toString(16)
        .padStart(2 * length, '0')
        .slice(0, 2 * length),
      'hex',
    );
    const ours = Buffer.from(EMPTY_NUMBER.toString(16).padStart(2 * length, '0'), 'hex'); // t = 0: Q stays
    for (const over of [...ends, new Uint8Array(order), new Uint8Array(ours)]) {
      const signature = signNumber(digestNumber(over), d, 77777n);
      expect(bothSay(key, over, signature)).toBe(true);
      expect(bothSay(key, over, signNumber(digestNumber(over) + 1n, d, 77777n))).toBe(false);
    }
  });

  test('keys at G and -G, and the sums that the formula does not cover, have the verdict of noble', () => {
    const k = 1234567n;
    const r = BASE.multiply(k).toAffine().x % n;
    for (const secret of [1n, 2n, n - 1n, n - 2n]) {
      const of = rawKey(algorithm, BASE.multiply(secret).toBytes(false));
      expect(bothSay(of, digest, signNumber(digestNumber(digest), secret, k))).toBe(true);
      expect(bothSay(of, digest, signNumber(digestNumber(digest) + 1n, secret, k))).toBe(false);
      // e such that t = secret (the sum is a double), t = -secret (infinity), t = ±1.
      for (const t of [secret, n - secret, 1n, n - 1n]) {
        const e = Fn.create(EMPTY_NUMBER + t * r);
        if (e >> BigInt(8 * digest.length) !== 0n) continue; // P-521: no digest of 512 bits has this number
        const over = new Uint8Array(Buffer.from(e.toString(16).padStart(2 * digest.length, '0'), 'hex'));
        expect(bothSay(of, over, signNumber(e, secret, k))).toBe(true);
        expect(bothSay(of, over, signNumber(e, secret, k + 1n))).toBe(true);
        expect(bothSay(of, over, derSignature(r, 1n))).toBe(false);
      }
    }
  });

  test('an R at infinity verifies nothing', () => {
    // e/s·G + r/s·Q is infinity for every s when e = -r·d.
    for (const r of [1n, 5n, n - 1n, 2n ** 200n + 9n]) {
      const e = Fn.create(-r * d);
      const over = Buffer.from(
        e
          .toString(16)
          .padStart(2 * bytes, '0')
          .slice(-2 * digest.length),
        'hex',
      );
      for (const s of [1n, 2n, n - 1n]) {
        expect(bothSay(key, new Uint8Array(over), derSignature(r, s))).toBe(false);
      }
    }
  });

  test('a signature of the key with the other y verifies nothing', () => {
    const mirrored = rawKey(algorithm, curve.Point.fromBytes(key.raw).negate().toBytes(false));
    const signature = new Uint8Array(sign(own, MESSAGE, privateKey));
    expect(bothSay(key, digest, signature)).toBe(true);
    expect(bothSay(mirrored, digest, signature)).toBe(false);
  });

  test('a point that is not on the curve is seen, and verifies nothing', () => {
    const off = key.raw.slice();
    off[off.length - 1]! ^= 1;
    const { p } = curve.Point.CURVE();
    const { x, y } = BASE.toAffine();
    const above = `04${(x + p).toString(16).padStart(2 * bytes, '0')}${y.toString(16).padStart(2 * bytes, '0')}`;
    expect(isOnCurve(key)).toBe(true);
    expect(isOnCurve(rawKey(algorithm, off))).toBe(false);
    expect(isOnCurve(rawKey(algorithm, new Uint8Array(1 + 2 * bytes)))).toBe(false);
    if (above.length === 2 * (1 + 2 * bytes)) {
      expect(isOnCurve(rawKey(algorithm, new Uint8Array(Buffer.from(above, 'hex'))))).toBe(false);
    }
    const signature = new Uint8Array(sign(own, MESSAGE, privateKey));
    expect(bothSay(rawKey(algorithm, off), digest, signature)).toBe(false);
  });

  test('an exception of OpenSSL is not an answer', () => {
    // A point whose shifted sum is not on the curve makes the import throw: noble decides.
    expect(bothSay(rawKey(algorithm, new Uint8Array(1 + 2 * bytes).fill(4)), digest, derSignature(3n, 3n))).toBe(false);
  });
});
