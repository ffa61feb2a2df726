import { importPublicKey } from '#crypto';
import { BytesError, decodePem, derInteger, derSequence, type PublicKey } from '#libs/crypto';
import { IssuanceError, reading } from '../issuance-error.js';
import { decodeProtoBytes } from '../proto-bytes.js';

const RSA_BITS = { min: 2048, max: 4096 };
const RSA_EXPONENT = 65537n;

/** A key to certify: SubjectPublicKeyInfo in PEM, or in base64 of its DER. @throws IssuanceError refused-key */
export function parseSubjectKey(content: string): PublicKey {
  return reading('refused-key', 'the public key', () =>
    requireSubjectKey(
      importPublicKey(content.includes('-----BEGIN') ? onlyBlock(content, 'PUBLIC KEY') : decodeProtoBytes(content)),
    ),
  );
}

/**
 * The keys that the certificate specification allows (fulcio: docs/certificate-specification.md).
 * @throws IssuanceError refused-key
 */
export function requireSubjectKey(key: PublicKey): PublicKey {
  if (key.algorithm === 'ml-dsa-44') {
    throw new IssuanceError('refused-key', `the public key is ${key.algorithm}, it should be ECDSA, RSA or Ed25519`);
  }
  if (key.algorithm === 'rsa') requireRsa(key);
  return key;
}

function requireRsa({ modulusBits = 0, raw }: PublicKey): void {
  if (modulusBits < RSA_BITS.min || modulusBits > RSA_BITS.max) {
    throw new IssuanceError(
      'refused-key',
      `the RSA key has ${modulusBits} bits, it should have ${RSA_BITS.min} to ${RSA_BITS.max}`,
    );
  }
  const exponent = derInteger(derSequence(raw)[1]);
  if (exponent !== RSA_EXPONENT) {
    throw new IssuanceError('refused-key', `the RSA key has the exponent ${exponent}, it should be ${RSA_EXPONENT}`);
  }
}

/** @throws BytesError malformed-pem */
export function onlyBlock(text: string, label: string): Uint8Array {
  const [block, ...more] = decodePem(text, label);
  if (!block || more.length > 0) throw new BytesError('malformed-pem', `there is more than one PEM block`);
  return block;
}
