import { verifyEmbeddedSct, type Certificate } from '#libs/certificate';
import type { TransparencyLog } from './trusted-root.js';
import { checking } from './verification-error.js';

/** A trusted log promised to show the certificate to everybody (RFC 6962 §3.2). @throws VerificationError sct */
export function verifySct(certificate: Certificate, issuer: Certificate, logs: readonly TransparencyLog[]): void {
  checking('sct', 'the certificate', () => verifyEmbeddedSct({ certificate, issuer, logs }));
}
