import type { KeyAlgorithm, PublicKey } from './backend.js';
import { concatBytes } from './bytes.js';
import { CodedError, CryptoError } from './coded-error.js';
import { derBitString, derInteger, derIntegerBytes, derOid, derSequence, type DerElement } from './der.js';
import { ed25519KeyIsUsable } from './ed25519.js';

const OID = {
  ecPublicKey: '1.2.840.10045.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
  ed25519: '1.3.101.112',
  mlDsa44: '2.16.840.1.101.3.4.3.17',
} as const;

const CURVES: Readonly<Record<string, { algorithm: KeyAlgorithm; pointBytes: number }>> = {
  '1.2.840.10045.3.1.7': { algorithm: 'ecdsa-p256', pointBytes: 65 },
  '1.3.132.0.34': { algorithm: 'ecdsa-p384', pointBytes: 97 },
  '1.3.132.0.35': { algorithm: 'ecdsa-p521', pointBytes: 133 },
};

const ML_DSA_44_KEY_BYTES = 1312;
/** Below it is weak, above it is a way to burn our time. */
const RSA_MODULUS_BITS = { min: 2048, max: 8192 } as const;
const RSA_EXPONENT_MAX = 0xffff_ffffn;
const SPKI_MAX_BYTES = 4096;

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). That an EC point is on its curve is the backend's to check.
 * @throws CryptoError malformed-key, unsupported-key
 */
export function parseSpki(spki: Uint8Array): PublicKey {
  if (spki.length > SPKI_MAX_BYTES) {
    throw new CryptoError('unsupported-key', `a public key has ${spki.length} bytes, the limit is ${SPKI_MAX_BYTES}`);
  }
  try {
    const [identifier, key, ...rest] = derSequence(spki);
    const [oid, parameters, ...more] = derSequence(identifier);
    if (rest.length > 0 || more.length > 0)
      throw new CryptoError('malformed-key', 'a public key has more fields than it should');
    return parseKey(derOid(oid), parameters, derBitString(key), spki);
  } catch (error) {
    if (error instanceof CryptoError) throw error;
    if (error instanceof CodedError)
      throw new CryptoError('malformed-key', `a public key is not a SubjectPublicKeyInfo: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
}

function parseKey(oid: string, parameters: DerElement | undefined, raw: Uint8Array, spki: Uint8Array): PublicKey {
  switch (oid) {
    case OID.ecPublicKey: {
      const curve = CURVES[derOid(parameters)];
      if (!curve)
        throw new CryptoError(
          'unsupported-key',
          `an EC key is on curve ${derOid(parameters)}, P-256, P-384 and P-521 are supported`,
        );
      if (raw.length !== curve.pointBytes || raw[0] !== 0x04) {
        throw new CryptoError(
          'malformed-key',
          `an ${curve.algorithm} key is not an uncompressed point of ${curve.pointBytes} bytes`,
        );
      }
      return { algorithm: curve.algorithm, spki, raw };
    }
    case OID.ed25519:
      if (parameters || raw.length !== 32 || !ed25519KeyIsUsable(raw))
        throw new CryptoError('malformed-key', 'an Ed25519 key is not a canonical point of large order');
      return { algorithm: 'ed25519', spki, raw };
    case OID.mlDsa44:
      if (parameters || raw.length !== ML_DSA_44_KEY_BYTES)
        throw new CryptoError(
          'malformed-key',
          `an ML-DSA-44 key has ${raw.length} bytes, it should have ${ML_DSA_44_KEY_BYTES}`,
        );
      return { algorithm: 'ml-dsa-44', spki, raw };
    case OID.rsaEncryption: {
      const { modulus, exponent } = rsaNumbers(raw);
      const modulusBits = modulus.toString(2).length;
      if (modulusBits < RSA_MODULUS_BITS.min || modulusBits > RSA_MODULUS_BITS.max) {
        throw new CryptoError(
          'unsupported-key',
          `an RSA key has ${modulusBits} bits, ${RSA_MODULUS_BITS.min} to ${RSA_MODULUS_BITS.max} are supported`,
        );
      }
      if (exponent < 3n || exponent > RSA_EXPONENT_MAX || exponent % 2n === 0n || modulus % 2n === 0n) {
        throw new CryptoError('unsupported-key', `an RSA key has the exponent ${exponent}`);
      }
      return { algorithm: 'rsa', spki, raw, modulusBits };
    }
    default:
      throw new CryptoError('unsupported-key', `a public key is of algorithm ${oid}`);
  }
}

/** The numbers of a PKCS #1 RSAPublicKey (RFC 8017 §A.1.1). */
export function rsaNumbers(raw: Uint8Array): { modulus: bigint; exponent: bigint } {
  const [modulus, exponent, ...rest] = derSequence(raw);
  if (rest.length > 0 || (derIntegerBytes(modulus)[0] ?? 0) >= 0x80)
    throw new CryptoError('malformed-key', 'an RSA key has more than a positive modulus and an exponent');
  return { modulus: derInteger(modulus), exponent: derInteger(exponent) };
}

// RFC 8410 §4: SEQUENCE { SEQUENCE { 1.3.101.112 }, BIT STRING of 32 octets }.
const ED25519_SPKI_PREFIX = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

/** The SubjectPublicKeyInfo of a 32-byte Ed25519 key. */
export function ed25519Spki(raw: Uint8Array): Uint8Array {
  return concatBytes(ED25519_SPKI_PREFIX, raw);
}
