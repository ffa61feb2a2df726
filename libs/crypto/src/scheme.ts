import type { HashAlgorithm, KeyAlgorithm, SignatureScheme } from './backend.js';

export const DIGEST_BYTES: Readonly<Record<HashAlgorithm, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** The hash that a scheme applies to its message before the key is used; undefined where the scheme has none of its own. */
export function schemeHash(scheme: SignatureScheme): HashAlgorithm | undefined {
  if (scheme === 'ed25519ph') return 'sha512';
  return (/sha(?:256|384|512)$/.exec(scheme)?.[0] as HashAlgorithm | undefined) ?? undefined;
}

/** Whether a key of this algorithm makes signatures of this scheme. */
export function schemeFits(scheme: SignatureScheme, algorithm: KeyAlgorithm): boolean {
  const family = scheme.split('-')[0];
  if (scheme === 'ed25519ph') return algorithm === 'ed25519';
  if (scheme === 'ml-dsa-44') return algorithm === 'ml-dsa-44';
  return family === algorithm.split('-')[0];
}
