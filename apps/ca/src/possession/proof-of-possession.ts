import { verify } from '#crypto';
import { type KeyAlgorithm, type PublicKey, type SignatureScheme, utf8Encode } from '#libs/crypto';
import { IssuanceError } from '../issuance-error.js';

/** How a key signs its challenge: Fulcio's default algorithm for each kind of key. */
const SCHEMES: Readonly<Partial<Record<KeyAlgorithm, SignatureScheme>>> = {
  'ecdsa-p256': 'ecdsa-sha256',
  'ecdsa-p384': 'ecdsa-sha384',
  'ecdsa-p521': 'ecdsa-sha512',
  ed25519: 'ed25519',
  rsa: 'rsa-pkcs1-sha256', // clients call it RSA_PSS, and sign PKCS #1 v1.5 (fulcio.proto, PublicKeyAlgorithm)
};

/**
 * Only who holds the private key can have signed the identity that is about to be bound to it: without this check anyone
 * could get a certificate for somebody else's key.
 * @throws IssuanceError refused-possession
 */
export function requirePossession(key: PublicKey, challenge: string, proof: Uint8Array): void {
  const scheme = SCHEMES[key.algorithm];
  if (!scheme || !verify(key, scheme, utf8Encode(challenge), proof)) {
    throw new IssuanceError(
      'refused-possession',
      `the proof of possession is not an ${scheme} signature by the given key over the challenge of this token`,
    );
  }
}
