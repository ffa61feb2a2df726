import type { PublicKey, SignatureScheme } from '#libs/crypto';

/** What a key may be used for. One key has one role: a stolen log key must not be able to issue certificates. */
export const KEY_ROLES = ['ca', 'ca-root', 'ct-log', 'rekor-log', 'tsa', 'tsa-root', 'witness', 'oidc'] as const;
export type KeyRole = (typeof KEY_ROLES)[number];

export type SigningAlgorithm = 'ed25519' | 'ecdsa-p256' | 'ecdsa-p384' | 'ml-dsa-44';

/** A private key behind a door: a file today, a KMS or an HSM tomorrow. Callers never see the key itself. */
export abstract class Signer {
  abstract readonly role: KeyRole;
  abstract readonly publicKey: PublicKey;
  abstract readonly scheme: SignatureScheme;
  /** A key that a development stack made for itself. Nothing of the profile `production` may trust it. */
  abstract readonly development: boolean;

  /**
   * Signs the whole message: 64 bytes for Ed25519, an ASN.1 DER `ECDSA-Sig-Value` for ECDSA, 2420 bytes for ML-DSA-44 (pure,
   * with an empty context: FIPS 204 §5.2). ECDSA and ML-DSA signatures are randomised: to show the same signature twice,
   * keep it.
   * @throws SignerError signing-failed
   */
  abstract sign(message: Uint8Array): Promise<Uint8Array>;
}
