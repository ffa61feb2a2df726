import { EXTENDED_KEY_USAGE, verifyChain, type Certificate } from '#libs/certificate';
import { equalBytes } from '#libs/crypto';
import { isWithin } from './time-range.js';
import type { VerifiedTime } from './times.js';
import type { CertificateAuthority } from './trusted-root.js';
import { checking, VerificationError } from './verification-error.js';

/**
 * Finds the authority that issued the certificate, and returns its issuing certificate. At every verified time the whole
 * chain has to be valid, and the authority trusted: what matters is when the signature was made, not now.
 * @throws VerificationError certificate-chain
 */
export function verifyCertificatePath(
  leaf: Certificate,
  authorities: readonly CertificateAuthority[],
  times: readonly VerifiedTime[],
): Certificate {
  let refusal = new VerificationError('certificate-chain', 'the certificate is by no authority of the trusted root');
  for (const authority of authorities) {
    const [issuer] = authority.chain;
    if (!issuer || !equalBytes(issuer.subject, leaf.issuer)) continue;
    try {
      for (const { time } of times) verifyPathAt(time, leaf, authority);
      return issuer;
    } catch (error) {
      if (!(error instanceof VerificationError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function verifyPathAt(time: Date, leaf: Certificate, { chain, subject, validFor }: CertificateAuthority): void {
  if (!isWithin(validFor, time)) {
    throw new VerificationError(
      'certificate-chain',
      `the signature is of ${time.toISOString()}, when ${subject.commonName} of ${subject.organization} was not trusted`,
    );
  }
  checking('certificate-chain', 'the certificate', () =>
    verifyChain({ leaf, chain, at: time, extendedKeyUsage: EXTENDED_KEY_USAGE.codeSigning }),
  );
}
