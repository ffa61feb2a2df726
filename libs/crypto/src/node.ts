import {
  constants,
  createPublicKey,
  hash as digest,
  publicDecrypt,
  verify as nodeVerify,
  type KeyObject,
} from 'node:crypto';
import type { Backend, HashAlgorithm, PublicKey, SignatureScheme } from './backend.js';
import { equalBytes } from './bytes.js';
import { BytesError, CryptoError } from './coded-error.js';
import { ecdsaVerifyDigestNatively, isOnCurve } from './ecdsa-native.js';
import { ed25519Verify } from './ed25519.js';
import { pkcs1Encoding } from './rsa.js';
import { DIGEST_BYTES, schemeFits, schemeHash } from './scheme.js';
import { parseSpki } from './spki.js';

/** `#crypto` on Node: node:crypto, and noble for what it lacks (Ed25519ph over a given digest). */

// A digest as a latin1 string written into a fresh array is three times as fast as asking for a Buffer.
const latin1Write = Buffer.prototype.latin1Write as (
  this: Uint8Array,
  text: string,
  offset: number,
  length: number,
) => number;

export function hash(algorithm: HashAlgorithm, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(DIGEST_BYTES[algorithm]);
  latin1Write.call(bytes, digest(algorithm, data, 'binary'), 0, bytes.length);
  return bytes;
}

export function sha256(data: Uint8Array): Uint8Array {
  return hash('sha256', data);
}

export function sha384(data: Uint8Array): Uint8Array {
  return hash('sha384', data);
}

export function sha512(data: Uint8Array): Uint8Array {
  return hash('sha512', data);
}

const nativeKeys = new WeakMap<PublicKey, KeyObject>();

export function importPublicKey(spki: Uint8Array): PublicKey {
  const key = parseSpki(spki);
  if (key.algorithm.startsWith('ecdsa')) {
    // OpenSSL takes twenty times as long to say so, and a key that only verifies digests needs none of its own.
    if (!isOnCurve(key)) throw new CryptoError('malformed-key', `an ${key.algorithm} key is not on its curve`);
    return key;
  }
  try {
    nativeKeys.set(key, createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }));
  } catch (cause) {
    throw new CryptoError('malformed-key', `OpenSSL takes no such ${key.algorithm} key`, { cause });
  }
  return key;
}

function native(key: PublicKey): KeyObject {
  let found = nativeKeys.get(key);
  if (!found) {
    found = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' });
    nativeKeys.set(key, found);
  }
  return found;
}

export function verify(key: PublicKey, scheme: SignatureScheme, message: Uint8Array, signature: Uint8Array): boolean {
  if (!schemeFits(scheme, key.algorithm)) return false;
  if (scheme === 'ed25519ph') return ed25519Verify(key.raw, sha512(message), signature, true);
  // RFC 8017 §8.1.2: as long as the modulus; OpenSSL lets a leading zero be missing.
  if (key.modulusBits !== undefined && signature.length !== Math.ceil(key.modulusBits / 8)) return false;
  const algorithm = schemeHash(scheme) ?? null;
  try {
    if (scheme.startsWith('rsa-pss')) {
      const pss = {
        key: native(key),
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      };
      return nodeVerify(algorithm, message, pss, signature);
    }
    return nodeVerify(algorithm, message, native(key), signature);
  } catch {
    return false; // OpenSSL throws on some malformed signatures
  }
}

export function verifyDigest(
  key: PublicKey,
  scheme: SignatureScheme,
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  const algorithm = schemeHash(scheme);
  if (!algorithm || digest.length !== DIGEST_BYTES[algorithm] || !schemeFits(scheme, key.algorithm)) return false;
  switch (key.algorithm) {
    case 'ecdsa-p256':
    case 'ecdsa-p384':
    case 'ecdsa-p521':
      return ecdsaVerifyDigestNatively(key, digest, signature);
    case 'ed25519':
      return ed25519Verify(key.raw, digest, signature, true);
    case 'rsa':
      return scheme.startsWith('rsa-pkcs1') && rsaVerifyDigest(key, algorithm, digest, signature);
    case 'ml-dsa-44':
      return false;
  }
}

function rsaVerifyDigest(key: PublicKey, algorithm: HashAlgorithm, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    const opened = publicDecrypt({ key: native(key), padding: constants.RSA_NO_PADDING }, signature);
    return equalBytes(opened, pkcs1Encoding(algorithm, digest, opened.length));
  } catch {
    return false; // not of the modulus' length, or not below it
  }
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

export function fromBase64(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what it doesn't know; the canonical form is the one that comes back unchanged.
  if (bytes.toString('base64') !== text)
    throw new BytesError('malformed-base64', `${text.length} characters are not canonical base64`);
  return new Uint8Array(bytes);
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

export function fromHex(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'hex');
  if (bytes.length * 2 !== text.length)
    throw new BytesError('malformed-hex', `${text.length} characters are not hexadecimal`);
  return new Uint8Array(bytes);
}

({
  sha256,
  sha384,
  sha512,
  hash,
  importPublicKey,
  verify,
  verifyDigest,
  toBase64,
  fromBase64,
  toHex,
  fromHex,
}) satisfies Backend;
