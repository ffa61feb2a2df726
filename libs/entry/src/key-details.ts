import type { HashAlgorithm, KeyAlgorithm, PublicKey, SignatureScheme } from '#libs/crypto';
import { EntryError } from './entry-error.js';

/** A dev.sigstore.common.v1.PublicKeyDetails: a kind of key and the one scheme that it signs with. */
export interface KeyDetailsSpec {
  /** The enum's number. */
  readonly number: number;
  readonly algorithm: KeyAlgorithm;
  readonly scheme: SignatureScheme;
  /** The digest that is signed; none for a scheme over the message itself. */
  readonly hash?: HashAlgorithm;
  readonly modulusBits?: number;
}

export type KeyDetails =
  | 'PKIX_ECDSA_P256_SHA_256'
  | 'PKIX_ECDSA_P384_SHA_384'
  | 'PKIX_ECDSA_P521_SHA_512'
  | 'PKIX_ED25519'
  | 'PKIX_ED25519_PH'
  | `PKIX_RSA_PKCS1V15_${2048 | 3072 | 4096}_SHA256`;

/** Rekor v2's default algorithms, and pure Ed25519, which only a log's own key may use. */
export const KEY_DETAILS: Readonly<Record<KeyDetails, KeyDetailsSpec>> = {
  PKIX_ECDSA_P256_SHA_256: { number: 5, algorithm: 'ecdsa-p256', scheme: 'ecdsa-sha256', hash: 'sha256' },
  PKIX_ECDSA_P384_SHA_384: { number: 12, algorithm: 'ecdsa-p384', scheme: 'ecdsa-sha384', hash: 'sha384' },
  PKIX_ECDSA_P521_SHA_512: { number: 13, algorithm: 'ecdsa-p521', scheme: 'ecdsa-sha512', hash: 'sha512' },
  PKIX_ED25519: { number: 7, algorithm: 'ed25519', scheme: 'ed25519' },
  PKIX_ED25519_PH: { number: 8, algorithm: 'ed25519', scheme: 'ed25519ph', hash: 'sha512' },
  PKIX_RSA_PKCS1V15_2048_SHA256: rsa(9, 2048),
  PKIX_RSA_PKCS1V15_3072_SHA256: rsa(10, 3072),
  PKIX_RSA_PKCS1V15_4096_SHA256: rsa(11, 4096),
};

function rsa(number: number, modulusBits: number): KeyDetailsSpec {
  return { number, algorithm: 'rsa', scheme: 'rsa-pkcs1-sha256', hash: 'sha256', modulusBits };
}

/** The details with this enum name or number. @throws EntryError unsupported-key-details */
export function keyDetails(value: string | number | undefined): KeyDetails {
  const names = Object.keys(KEY_DETAILS) as KeyDetails[];
  const found = names.find((name) => name === value || KEY_DETAILS[name].number === value);
  if (!found) {
    throw new EntryError(
      'unsupported-key-details',
      `keyDetails is ${JSON.stringify(value) ?? 'absent'}, it should be one of ${names.join(', ')}`,
    );
  }
  return found;
}

/** Whether `details` describe this key. */
export function detailsFitKey(details: KeyDetails, key: PublicKey): boolean {
  const spec = KEY_DETAILS[details];
  return spec.algorithm === key.algorithm && spec.modulusBits === key.modulusBits;
}
