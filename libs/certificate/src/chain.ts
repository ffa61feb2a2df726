import { verify } from '#crypto';
import { equalBytes } from '#libs/crypto';
import type { Certificate } from './certificate.js';
import { CertificateError } from './certificate-error.js';
import { EXTENDED_KEY_USAGE, EXTENSION } from './extension-oids.js';

/** Leaf, intermediates and root together. */
export const CHAIN_MAX_CERTIFICATES = 8;

/** What this verification acts on. Any other critical extension refuses the chain: a CT poison, name constraints, policies. */
const PROCESSED_EXTENSIONS: ReadonlySet<string> = new Set([
  EXTENSION.basicConstraints,
  EXTENSION.keyUsage,
  EXTENSION.extendedKeyUsage,
  EXTENSION.subjectAltName,
]);

export interface CertificateChain {
  readonly leaf: Certificate;
  /** All trusted: the issuing CA first, the self-signed root last. */
  readonly chain: readonly Certificate[];
  /** The time at which every certificate has to be valid. */
  readonly at: Date;
  /** OID that the leaf must have; CAs that restrict their usages must have it too. */
  readonly extendedKeyUsage?: string;
}

/**
 * Verifies a path (RFC 5280 §6.1) from a leaf to a trusted self-signed root: at the given time valid, each certificate
 * signed by the next, whose constraints allow it. There is no revocation, and no path building: the order is given.
 * @throws CertificateError chain-length, not-yet-valid, expired, unknown-critical-extension, issuer-mismatch,
 * invalid-signature, not-self-signed, basic-constraints, path-length, key-usage, extended-key-usage
 */
export function verifyChain({ leaf, chain, at, extendedKeyUsage }: CertificateChain): void {
  const path = [leaf, ...chain];
  const root = chain.at(-1);
  if (!root || path.length > CHAIN_MAX_CERTIFICATES) {
    throw new CertificateError(
      'chain-length',
      `a chain has ${path.length} certificates, it should be 2 to ${CHAIN_MAX_CERTIFICATES}`,
    );
  }
  for (const [depth, certificate] of path.entries()) {
    verifyValidity(certificate, depth, at);
    verifyCriticalExtensions(certificate, depth);
  }
  verifyLeaf(leaf, extendedKeyUsage);
  for (const [i, issuer] of chain.entries()) {
    verifyAuthority(issuer, i + 1, extendedKeyUsage);
    verifyIssued(path[i] as Certificate, issuer, i);
  }
  verifySelfSigned(root);
}

function nameOf(depth: number): string {
  return depth === 0 ? 'the leaf certificate' : `certificate ${depth} of the chain`;
}

function verifyValidity({ notBefore, notAfter }: Certificate, depth: number, at: Date): void {
  // RFC 5280 §4.1.2.5: both ends are inclusive.
  if (at < notBefore) {
    throw new CertificateError(
      'not-yet-valid',
      `${nameOf(depth)} is valid from ${JSON.stringify(notBefore)}, the time is ${JSON.stringify(at)}`,
    );
  }
  // Written this way round, an invalid Date is refused too.
  if (!(at <= notAfter)) {
    throw new CertificateError(
      'expired',
      `${nameOf(depth)} is valid until ${JSON.stringify(notAfter)}, the time is ${JSON.stringify(at)}`,
    );
  }
}

function verifyCriticalExtensions({ extensions }: Certificate, depth: number): void {
  const unknown = extensions.find(({ oid, critical }) => critical && !PROCESSED_EXTENSIONS.has(oid));
  if (unknown) {
    throw new CertificateError(
      'unknown-critical-extension',
      `${nameOf(depth)} has the critical extension ${unknown.oid}, which is not supported`,
    );
  }
}

function verifyLeaf(leaf: Certificate, extendedKeyUsage: string | undefined): void {
  if (leaf.isCa)
    throw new CertificateError('basic-constraints', 'the leaf certificate is a CA certificate, it should not be');
  if (!leaf.keyUsage?.has('digitalSignature')) {
    throw new CertificateError('key-usage', 'the leaf certificate is not for digital signatures');
  }
  if (extendedKeyUsage !== undefined && !leaf.extendedKeyUsage.includes(extendedKeyUsage)) {
    throw new CertificateError(
      'extended-key-usage',
      `the leaf certificate is for [${leaf.extendedKeyUsage.join(', ')}], it should be for ${extendedKeyUsage}`,
    );
  }
}

/** What a certificate must be to have issued the one at `depth - 1` (RFC 5280 §6.1.4 (k) to (n)). */
function verifyAuthority(ca: Certificate, depth: number, extendedKeyUsage: string | undefined): void {
  if (!ca.isCa) throw new CertificateError('basic-constraints', `${nameOf(depth)} is not a CA certificate`);
  // Self-issued certificates count as well, which is stricter than RFC 5280 §6.1.4 (l).
  const below = depth - 1;
  if (ca.pathLength !== undefined && below > ca.pathLength) {
    throw new CertificateError(
      'path-length',
      `${nameOf(depth)} allows ${ca.pathLength} CAs below it, there are ${below}`,
    );
  }
  if (!ca.keyUsage?.has('keyCertSign'))
    throw new CertificateError('key-usage', `${nameOf(depth)} is not for signing certificates`);
  // RFC 5280 leaves open what the usages of a CA mean; as everywhere, they limit what it may issue for.
  const restricted = extendedKeyUsage !== undefined && ca.extendedKeyUsage.length > 0;
  if (
    restricted &&
    !ca.extendedKeyUsage.includes(extendedKeyUsage) &&
    !ca.extendedKeyUsage.includes(EXTENDED_KEY_USAGE.any)
  ) {
    throw new CertificateError(
      'extended-key-usage',
      `${nameOf(depth)} may issue for [${ca.extendedKeyUsage.join(', ')}], not for ${extendedKeyUsage}`,
    );
  }
}

function verifyIssued(certificate: Certificate, issuer: Certificate, depth: number): void {
  const { authorityKeyId } = certificate;
  const keyDiffers = authorityKeyId && issuer.subjectKeyId && !equalBytes(authorityKeyId, issuer.subjectKeyId);
  if (!equalBytes(certificate.issuer, issuer.subject) || keyDiffers) {
    throw new CertificateError('issuer-mismatch', `${nameOf(depth)} names another issuer than ${nameOf(depth + 1)}`);
  }
  if (!isSignedBy(certificate, issuer)) {
    throw new CertificateError(
      'invalid-signature',
      `the signature of ${nameOf(depth)} is not by the key of ${nameOf(depth + 1)}`,
    );
  }
}

function verifySelfSigned(root: Certificate): void {
  if (!equalBytes(root.issuer, root.subject) || !isSignedBy(root, root)) {
    throw new CertificateError('not-self-signed', 'the last certificate of the chain is not a self-signed root');
  }
}

function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  return verify(issuer.publicKey, certificate.signatureAlgorithm, certificate.tbs, certificate.signature);
}
