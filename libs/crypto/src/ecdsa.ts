import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';

/** ECDSA over a digest, with a DER signature, any s (FIPS 186-5 §6.4.2). */
export function ecdsaVerifyDigest(curve: ECDSA, point: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  try {
    return curve.verify(signature, digest, point, { prehash: false, lowS: false, format: 'der' });
  } catch {
    return false; // not a DER signature
  }
}
