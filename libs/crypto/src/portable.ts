import { p256, p384, p521 } from '@noble/curves/nist.js';
import { sha256 as nobleSha256, sha384 as nobleSha384, sha512 as nobleSha512 } from '@noble/hashes/sha2.js';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { base16, base64 } from '@scure/base';
import type { Backend, HashAlgorithm, PublicKey, SignatureScheme } from './backend.js';
import { concatBytes, equalBytes } from './bytes.js';
import { BytesError, CryptoError } from './coded-error.js';
import { ecdsaVerifyDigest } from './ecdsa.js';
import { ed25519Verify } from './ed25519.js';
import { pkcs1Encoding } from './rsa.js';
import { DIGEST_BYTES, schemeFits, schemeHash } from './scheme.js';
import { parseSpki, rsaNumbers } from './spki.js';

/** `#crypto` in browsers: the noble libraries, and RSA's public operation on BigInt. */

const HASHES = { sha256: nobleSha256, sha384: nobleSha384, sha512: nobleSha512 } as const;
const CURVES = { 'ecdsa-p256': p256, 'ecdsa-p384': p384, 'ecdsa-p521': p521 } as const;

export function hash(algorithm: HashAlgorithm, data: Uint8Array): Uint8Array {
  return HASHES[algorithm](data);
}

export function sha256(data: Uint8Array): Uint8Array {
  return nobleSha256(data);
}

export function sha384(data: Uint8Array): Uint8Array {
  return nobleSha384(data);
}

export function sha512(data: Uint8Array): Uint8Array {
  return nobleSha512(data);
}

export function importPublicKey(spki: Uint8Array): PublicKey {
  const key = parseSpki(spki);
  if (key.algorithm.startsWith('ecdsa')) {
    try {
      CURVES[key.algorithm as keyof typeof CURVES].Point.fromBytes(key.raw).assertValidity();
    } catch (cause) {
      throw new CryptoError('malformed-key', `an ${key.algorithm} key is not on its curve`, { cause });
    }
  }
  return key;
}

export function verify(key: PublicKey, scheme: SignatureScheme, message: Uint8Array, signature: Uint8Array): boolean {
  if (!schemeFits(scheme, key.algorithm)) return false;
  if (scheme === 'ed25519') return ed25519Verify(key.raw, message, signature, false);
  if (scheme === 'ml-dsa-44') return mlDsaVerify(key, message, signature);
  const algorithm = schemeHash(scheme);
  if (!algorithm) return false;
  const digest = hash(algorithm, message);
  return scheme.startsWith('rsa-pss')
    ? pssVerify(key, algorithm, digest, signature)
    : verifyDigest(key, scheme, digest, signature);
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
      return ecdsaVerifyDigest(CURVES[key.algorithm], key.raw, digest, signature);
    case 'ed25519':
      return ed25519Verify(key.raw, digest, signature, true);
    case 'rsa': {
      if (!scheme.startsWith('rsa-pkcs1')) return false;
      const opened = rsaOpen(key, signature);
      return opened !== undefined && equalBytes(opened, pkcs1Encoding(algorithm, digest, opened.length));
    }
    case 'ml-dsa-44':
      return false;
  }
}

function mlDsaVerify(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return ml_dsa44.verify(signature, message, key.raw);
  } catch {
    return false; // not of an ML-DSA-44 signature's length
  }
}

/** RSAVP1 (RFC 8017 §5.2.2): signature^e mod n, as many bytes as n; undefined when the signature isn't a number below n. */
function rsaOpen(key: PublicKey, signature: Uint8Array): Uint8Array | undefined {
  const { modulus, exponent } = rsaNumbers(key.raw);
  const length = Math.ceil((key.modulusBits ?? 0) / 8);
  const number = BigInt(`0x0${toHex(signature)}`);
  if (signature.length !== length || number >= modulus) return undefined;
  let result = 1n;
  let base = number;
  for (let e = exponent; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return fromHex(result.toString(16).padStart(2 * length, '0'));
}

/** EMSA-PSS-VERIFY (RFC 8017 §9.1.2) with MGF1 over the same hash and a salt as long as the digest. */
function pssVerify(key: PublicKey, algorithm: HashAlgorithm, digest: Uint8Array, signature: Uint8Array): boolean {
  const opened = rsaOpen(key, signature);
  if (!opened) return false;
  const bits = (key.modulusBits ?? 0) - 1;
  const encoded = opened.subarray(opened.length - Math.ceil(bits / 8));
  if (opened.length > encoded.length && opened[0] !== 0) return false;
  const hashBytes = digest.length;
  const maskedLength = encoded.length - hashBytes - 1;
  if (maskedLength < hashBytes + 1 || encoded.at(-1) !== 0xbc) return false;
  const spare = 8 * encoded.length - bits;
  const masked = encoded.subarray(0, maskedLength);
  const h = encoded.subarray(maskedLength, maskedLength + hashBytes);
  if ((masked[0] ?? 0) >> (8 - spare) !== 0) return false;
  const mask = mgf1(algorithm, h, maskedLength);
  const block = masked.map((byte, i) => byte ^ (mask[i] ?? 0));
  block[0] = (block[0] ?? 0) & (0xff >> spare);
  const salt = block.subarray(maskedLength - hashBytes);
  const padding = block.subarray(0, maskedLength - hashBytes);
  if (padding.at(-1) !== 1 || padding.subarray(0, -1).some((byte) => byte !== 0)) return false;
  return equalBytes(hash(algorithm, concatBytes(new Uint8Array(8), digest, salt)), h);
}

/** MGF1 (RFC 8017 §B.2.1). */
function mgf1(algorithm: HashAlgorithm, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 0, made = 0; made < length; counter++) {
    const block = hash(algorithm, concatBytes(seed, Uint8Array.of(0, 0, counter >> 8, counter & 0xff)));
    blocks.push(block);
    made += block.length;
  }
  return concatBytes(...blocks).subarray(0, length);
}

export function toBase64(bytes: Uint8Array): string {
  return base64.encode(bytes);
}

export function fromBase64(text: string): Uint8Array {
  try {
    return base64.decode(text);
  } catch (cause) {
    throw new BytesError('malformed-base64', `${text.length} characters are not canonical base64`, { cause });
  }
}

export function toHex(bytes: Uint8Array): string {
  return base16.encode(bytes).toLowerCase();
}

export function fromHex(text: string): Uint8Array {
  try {
    return base16.decode(text.toUpperCase());
  } catch (cause) {
    throw new BytesError('malformed-hex', `${text.length} characters are not hexadecimal`, { cause });
  }
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
