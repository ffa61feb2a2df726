import { constants, createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { ed25519ph } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from '@jest/globals';
import type { HashAlgorithm, SignatureScheme } from './backend.js';
import { DerError } from './coded-error.js';
import * as node from './node.js';
import * as portable from './portable.js';
import { ed25519Spki } from './spki.js';

const HASHES: readonly HashAlgorithm[] = ['sha256', 'sha384', 'sha512'];
const message = new TextEncoder().encode('a tally stick was notched, split, and both halves kept');

function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}

interface Case {
  readonly name: string;
  readonly scheme: SignatureScheme;
  readonly spki: Uint8Array;
  readonly signature: Uint8Array;
}

function cases(): Case[] {
  const made: Case[] = [];
  for (const [algorithm, namedCurve] of [
    ['ecdsa-p256', 'P-256'],
    ['ecdsa-p384', 'P-384'],
    ['ecdsa-p521', 'P-521'],
  ] as const) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    for (const hash of HASHES) {
      made.push({
        name: `${algorithm} with ${hash}`,
        scheme: `ecdsa-${hash}`,
        spki: spkiOf(publicKey),
        signature: sign(hash, message, privateKey),
      });
    }
  }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  // A modulus whose length is not a multiple of eight takes the other path of EMSA-PSS.
  const oddRsa = generateKeyPairSync('rsa', { modulusLength: 2049 });
  for (const [bits, { publicKey, privateKey }] of [
    [2048, rsa],
    [2049, oddRsa],
  ] as const) {
    for (const hash of HASHES) {
      made.push({
        name: `RSA ${bits} PKCS #1 with ${hash}`,
        scheme: `rsa-pkcs1-${hash}`,
        spki: spkiOf(publicKey),
        signature: sign(hash, message, privateKey),
      });
      const pss = {
        key: privateKey,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      };
      made.push({
        name: `RSA ${bits} PSS with ${hash}`,
        scheme: `rsa-pss-${hash}`,
        spki: spkiOf(publicKey),
        signature: sign(hash, message, pss),
      });
    }
  }
  const edwards = generateKeyPairSync('ed25519');
  made.push({
    name: 'Ed25519',
    scheme: 'ed25519',
    spki: spkiOf(edwards.publicKey),
    signature: sign(null, message, edwards.privateKey),
  });
  const seed = new Uint8Array(32).fill(7);
  made.push({
    name: 'Ed25519ph',
    scheme: 'ed25519ph',
    spki: ed25519Spki(ed25519ph.getPublicKey(seed)),
    signature: ed25519ph.sign(message, seed),
  });
  const lattice = generateKeyPairSync('ml-dsa-44');
  made.push({
    name: 'ML-DSA-44',
    scheme: 'ml-dsa-44',
    spki: spkiOf(lattice.publicKey),
    signature: sign(null, message, lattice.privateKey),
  });
  return made;
}

describe('both backends agree', () => {
  test.each(HASHES)('on %s, whatever the length', (algorithm) => {
    for (const length of [0, 1, 55, 56, 64, 65, 127, 128, 1000]) {
      const data = new Uint8Array(length).fill(length);
      expect(node.hash(algorithm, data)).toEqual(new Uint8Array(createHash(algorithm).update(data).digest()));
      expect(portable.hash(algorithm, data)).toEqual(node.hash(algorithm, data));
    }
  });

  test.each(cases())('on $name: the signature verifies, a changed one does not', ({ scheme, spki, signature }) => {
    for (const backend of [node, portable]) {
      const key = backend.importPublicKey(spki);
      expect(backend.verify(key, scheme, message, signature)).toBe(true);
      expect(backend.verify(key, scheme, message.subarray(1), signature)).toBe(false);
      for (const at of [0, signature.length >> 1, signature.length - 1]) {
        const changed = signature.map((byte, i) => (i === at ? byte ^ 1 : byte));
        expect({ at, verdict: backend.verify(key, scheme, message, changed) }).toEqual({ at, verdict: false });
      }
      expect(backend.verify(key, scheme, message, signature.subarray(1))).toBe(false);
      expect(backend.verify(key, scheme, message, new Uint8Array(0))).toBe(false);
      expect(backend.verify(key, scheme === 'ed25519' ? 'ecdsa-sha256' : 'ed25519', message, signature)).toBe(false);
    }
  });

  test.each(cases().filter(({ scheme }) => /^ecdsa|pkcs1|ph$/.test(scheme)))(
    'on $name over a digest',
    ({ scheme, spki, signature }) => {
      const hash = (/sha\d+/.exec(scheme)?.[0] ?? 'sha512') as HashAlgorithm;
      for (const backend of [node, portable]) {
        const key = backend.importPublicKey(spki);
        const digest = backend.hash(hash, message);
        expect(backend.verifyDigest(key, scheme, digest, signature)).toBe(true);
        expect(
          backend.verifyDigest(
            key,
            scheme,
            digest.map((byte) => byte ^ 1),
            signature,
          ),
        ).toBe(false);
        expect(backend.verifyDigest(key, scheme, digest.subarray(1), signature)).toBe(false);
      }
    },
  );

  test('that a signature with a high s verifies, as FIPS 186-5 has no rule against it', () => {
    const secretKey = new Uint8Array(32).fill(3);
    const low = p256.Signature.fromBytes(p256.sign(message, secretKey, { lowS: true }), 'compact');
    const high = new p256.Signature(low.r, p256.Point.Fn.ORDER - low.s).toBytes('der');
    const point = p256.getPublicKey(secretKey, false);
    const spki = Uint8Array.from([
      ...Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'),
      ...point,
    ]);
    for (const backend of [node, portable])
      expect(backend.verify(backend.importPublicKey(spki), 'ecdsa-sha256', message, high)).toBe(true);
  });

  test('that an Ed25519 signature with s above the group order, or a torsion component, is refused', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const signature = new Uint8Array(sign(null, message, privateKey));
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    let s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order;
    const malleable = signature.slice();
    for (let i = 32; i < 64; i++, s >>= 8n) malleable[i] = Number(s & 0xffn);
    for (const backend of [node, portable]) {
      expect(backend.verify(backend.importPublicKey(spkiOf(publicKey)), 'ed25519', message, malleable)).toBe(false);
    }
  });

  test.each([
    ['the identity', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['a point of order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['a point of order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['a point of order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['a y that is not below p', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ])('that %s is no Ed25519 key', (_name, hex) => {
    for (const backend of [node, portable]) {
      expect(() => backend.importPublicKey(ed25519Spki(backend.fromHex(hex)))).toThrow(
        expect.objectContaining({ code: 'malformed-key' }),
      );
    }
  });

  test('that a point off the curve is no key', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const spki = spkiOf(publicKey);
    const off = spki.map((byte, i) => (i === spki.length - 1 ? byte ^ 1 : byte));
    for (const backend of [node, portable])
      expect(() => backend.importPublicKey(off)).toThrow(expect.objectContaining({ code: 'malformed-key' }));
  });

  test('that bytes which are no key are refused with a code', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    for (const backend of [node, portable]) {
      expect(() => backend.importPublicKey(new Uint8Array(5000))).toThrow(
        expect.objectContaining({ code: 'unsupported-key' }),
      );
      expect(() => backend.importPublicKey(Uint8Array.of(1, 2, 3))).toThrow(
        expect.objectContaining({ code: 'malformed-key' }),
      );
      expect(() => backend.importPublicKey(spkiOf(publicKey))).toThrow(
        expect.objectContaining({ code: 'unsupported-key' }),
      );
      expect(() => backend.importPublicKey(new Uint8Array(0))).not.toThrow(DerError);
    }
  });

  test('on base64 and hexadecimal, good and bad', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const backend of [node, portable]) {
      for (const length of [0, 1, 2, 3, 256]) {
        expect(backend.fromBase64(backend.toBase64(bytes.subarray(0, length)))).toEqual(bytes.subarray(0, length));
        expect(backend.fromHex(backend.toHex(bytes.subarray(0, length)))).toEqual(bytes.subarray(0, length));
      }
      expect(backend.toHex(bytes.subarray(250))).toBe('fafbfcfdfeff');
      expect(backend.fromHex('FAfb')).toEqual(Uint8Array.of(0xfa, 0xfb));
      for (const bad of ['A', 'AA', 'AA=', 'AB==', 'AA==\n', 'A-==', ' AA==', 'AAA=A']) {
        expect(() => backend.fromBase64(bad)).toThrow(expect.objectContaining({ code: 'malformed-base64' }));
      }
      for (const bad of ['a', 'zz', '0x00', 'ab c']) {
        expect(() => backend.fromHex(bad)).toThrow(expect.objectContaining({ code: 'malformed-hex' }));
      }
    }
  });
});
