import type { PublicKey } from '#libs/crypto';
import type { SigningCertificateRequest } from '../signing-certificate-request.js';
import { requirePossession } from './proof-of-possession.js';
import { keyOfSigningRequest } from './signing-request.js';
import { parseSubjectKey } from './subject-key.js';

/**
 * The key to certify, once the caller has shown that he holds it.
 * @throws IssuanceError malformed-request, refused-key, refused-possession
 */
export function possessedKey(requested: SigningCertificateRequest['key'], challenge: string): PublicKey {
  if (requested.kind === 'signing-request') return keyOfSigningRequest(requested.pem);
  const key = parseSubjectKey(requested.content);
  requirePossession(key, challenge, requested.proofOfPossession);
  return key;
}
