import { hash, verify } from '#crypto';
import { equalBytes } from '#libs/crypto';
import {
  CertificateError,
  EXTENDED_KEY_USAGE,
  parseCertificate,
  verifyChain,
  type Certificate,
} from '#libs/certificate';
import { parsing, TimestampError } from './timestamp-error.js';
import { parseTimestampResponse, type TimestampResponse } from './timestamp-response.js';
import { TST_INFO_CONTENT, type TimestampToken } from './timestamp-token.js';

/** A timestamp authority that the verifier trusts. */
export interface TimestampAuthority {
  /** The authority's certificate, then its CAs, the self-signed root last; or only CAs, where tokens bring the first one. */
  readonly chain: readonly Certificate[];
  /** Both ends inclusive. */
  readonly validFor: { readonly start: Date; readonly end?: Date };
  readonly uri?: string;
}

export interface VerifiedTimestamp<Authority extends TimestampAuthority> {
  /** When, by that authority's clock, the message existed. */
  readonly time: Date;
  readonly authority: Authority;
}

/**
 * Verifies that a trusted authority timestamped `message` (RFC 3161 §2.4.2, RFC 5652 §5.6). Its certificates have to be
 * valid at the time that it states, not now: a timestamp outlives its authority.
 * @throws TimestampError malformed-response, unsupported-algorithm, not-granted, imprint-mismatch, invalid-signature,
 * unknown-signer, outside-validity, certificate-chain
 */
export function verifyTimestamp<Authority extends TimestampAuthority>(
  response: TimestampResponse | Uint8Array,
  message: Uint8Array,
  authorities: readonly Authority[],
): VerifiedTimestamp<Authority> {
  const parsed = response instanceof Uint8Array ? parseTimestampResponse(response) : response;
  if (parsed.status !== 'granted') {
    throw new TimestampError(
      'not-granted',
      `the timestamp was not granted: ${[...parsed.failures, parsed.text].join(' ')}`,
    );
  }
  const { token } = parsed;
  const { info } = token;
  if (!equalBytes(hash(info.hashAlgorithm, message), info.hashedMessage)) {
    throw new TimestampError(
      'imprint-mismatch',
      `a timestamp is over another message: the ${info.hashAlgorithm} digests differ`,
    );
  }
  verifyContent(token);
  const refusals: TimestampError[] = [];
  for (const authority of authorities) {
    const signer = findSigner(token, authority);
    if (!signer) continue;
    try {
      verifySigner(token, signer.certificate);
      verifyTime(info.genTime, signer, authority);
      return { time: info.genTime, authority };
    } catch (error) {
      if (!(error instanceof TimestampError)) throw error;
      refusals.push(error);
    }
  }
  throw refusals[0] ?? new TimestampError('unknown-signer', 'a timestamp is by none of the trusted authorities');
}

/** The signed attributes have to be about this content (RFC 5652 §5.4, §11.1, §11.2). */
function verifyContent({ signer, content }: TimestampToken): void {
  if (
    signer.contentType !== TST_INFO_CONTENT ||
    !equalBytes(hash(signer.digestAlgorithm, content), signer.messageDigest)
  ) {
    throw new TimestampError('invalid-signature', 'the signed attributes of a timestamp are about another content');
  }
}

interface Signer {
  readonly certificate: Certificate;
  readonly chain: readonly Certificate[];
}

/** The certificate that the token names as its signer's, if it is this authority's. */
function findSigner(token: TimestampToken, { chain }: TimestampAuthority): Signer | undefined {
  const [first, ...cas] = chain;
  if (first && !first.isCa) {
    // RFC 3161 §2.4.1: where a token brings certificates, the signer's is one of them.
    const isEmbedded = token.certificates.length === 0 || token.certificates.some((der) => equalBytes(der, first.raw));
    return isEmbedded && isNamedBy(token, first) ? { certificate: first, chain: cas } : undefined;
  }
  const embedded = parsing('malformed-response', 'a timestamp brings a malformed certificate', () =>
    token.certificates.map(parseCertificate),
  );
  const certificate = embedded.find((candidate) => isNamedBy(token, candidate));
  return certificate && { certificate, chain };
}

function isNamedBy({ signer: { id } }: TimestampToken, certificate: Certificate): boolean {
  if ('issuer' in id) {
    return equalBytes(id.issuer, certificate.issuer) && equalBytes(id.serialNumber, certificate.serialNumber);
  }
  return certificate.subjectKeyId !== undefined && equalBytes(id.subjectKeyId, certificate.subjectKeyId);
}

function verifySigner({ signer }: TimestampToken, certificate: Certificate): void {
  // RFC 5035 §4: the signer signs which certificate is his, so that no other with the same key can take its place.
  const { certificateHash: own } = signer;
  if (own && !equalBytes(hash(own.algorithm, certificate.raw), own.digest)) {
    throw new TimestampError('invalid-signature', 'the signer of a timestamp names another certificate as his');
  }
  if (!verify(certificate.publicKey, signer.scheme, signer.signedAttributes, signer.signature)) {
    throw new TimestampError('invalid-signature', 'the signature of a timestamp is not by its authority');
  }
}

function verifyTime(time: Date, { certificate, chain }: Signer, { validFor }: TimestampAuthority): void {
  const { start, end } = validFor;
  if (!(time >= start && (!end || time <= end))) {
    throw new TimestampError(
      'outside-validity',
      `a timestamp is of ${time.toISOString()}, when its authority was not trusted`,
    );
  }
  // RFC 3161 §2.3: the key is for this alone.
  const { extendedKeyUsage: usages, extendedKeyUsageCritical } = certificate;
  if (usages.length !== 1 || usages[0] !== EXTENDED_KEY_USAGE.timeStamping || !extendedKeyUsageCritical) {
    throw new TimestampError(
      'certificate-chain',
      `the certificate of an authority is for [${usages.join(', ')}], it should be for time stamping only, and critical`,
    );
  }
  try {
    verifyChain({ leaf: certificate, chain, at: time, extendedKeyUsage: EXTENDED_KEY_USAGE.timeStamping });
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause;
    throw new TimestampError('certificate-chain', `the certificates of an authority: ${cause.message}`, { cause });
  }
}
