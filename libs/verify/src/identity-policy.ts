import { identityOf, type Certificate, type Identity } from '#libs/certificate';
import { checking, VerificationError } from './verification-error.js';

/** Whose signature is accepted. A string is compared whole; a pattern matches where it will, unless it is anchored. */
export interface IdentityPolicy {
  readonly subject: string | RegExp;
  /** The OpenID Connect issuer. */
  readonly issuer: string | RegExp;
}

/**
 * Reads the identity out of a certificate that is already trusted, and compares it.
 * @throws VerificationError identity, and identity-required without a policy; both with the identity that was found
 */
export function verifyIdentity(certificate: Certificate, policy: IdentityPolicy | undefined): Identity {
  const identity = checking('identity', 'the certificate', () => identityOf(certificate));
  const { subject, issuer } = identity;
  if (!policy) {
    throw new VerificationError(
      'identity-required',
      `the bundle is signed by ${subject.value} (${issuer}); whose signature should it be?`,
      { identity },
    );
  }
  if (!matches(policy.subject, subject.value)) throw mismatch('by', subject.value, policy.subject, identity);
  if (!matches(policy.issuer, issuer)) throw mismatch('under the issuer', issuer, policy.issuer, identity);
  return identity;
}

function matches(wanted: string | RegExp, found: string): boolean {
  // Unlike test(), search() keeps no state in a global pattern.
  return typeof wanted === 'string' ? wanted === found : found.search(wanted) !== -1;
}

function mismatch(how: string, found: string, wanted: string | RegExp, identity: Identity): VerificationError {
  return new VerificationError('identity', `the bundle is signed ${how} ${found}, it should be ${wanted}`, {
    identity,
  });
}
