import { DER, derString, readDer, utf8Decode } from '#libs/crypto';
import type { Certificate } from './certificate.js';
import { CertificateError, parsing } from './certificate-error.js';
import { CLAIM_EXTENSIONS, EXTENSION, type ClaimExtension, type ClaimName } from './extension-oids.js';

/** Who a signing certificate was issued to, and who vouched for that. */
export interface Identity {
  readonly subject: { readonly type: 'email' | 'uri' | 'username'; readonly value: string };
  /** The OpenID Connect issuer. */
  readonly issuer: string;
  /** What else the token said: extensions .2 to .6 and .9 to .24, those that are there. */
  readonly claims: Readonly<Partial<Record<ClaimName, string>>>;
}

/**
 * The identity in a Fulcio-style certificate: exactly one subject alternative name (fulcio: certificate-specification),
 * and the issuer from extension .8, else from .1 (client-spec §4.3).
 * @throws CertificateError no-identity, malformed-identity
 */
export function identityOf(certificate: Certificate): Identity {
  const [name, ...others] = certificate.subjectAltNames;
  if (!name || others.length > 0 || name.type === 'other') {
    throw new CertificateError(
      'no-identity',
      `a certificate has ${certificate.subjectAltNames.length} subject alternative names, it should be one email, URI or username`,
    );
  }
  const issuer =
    readText(certificate, { oid: EXTENSION.issuerV2, encoding: 'utf8' }) ??
    readText(certificate, { oid: EXTENSION.issuerV1, encoding: 'raw' });
  if (issuer === undefined) {
    throw new CertificateError(
      'no-identity',
      `a certificate for ${name.value} does not say which issuer vouched for it`,
    );
  }
  const claims: Partial<Record<ClaimName, string>> = {};
  for (const extension of CLAIM_EXTENSIONS) {
    const text = readText(certificate, extension);
    if (text !== undefined) claims[extension.name] = text;
  }
  return { subject: name, issuer, claims };
}

function readText(
  certificate: Certificate,
  { oid, encoding }: Pick<ClaimExtension, 'oid' | 'encoding'>,
): string | undefined {
  const extension = certificate.extensions.find((candidate) => candidate.oid === oid);
  if (!extension) return undefined;
  return parsing('malformed-identity', `extension ${oid}`, () => {
    if (encoding === 'raw') return utf8Decode(extension.value);
    const element = readDer(extension.value);
    if (element.tag !== DER.utf8String)
      throw new CertificateError('malformed-identity', `extension ${oid} is not a UTF8String`);
    return derString(element);
  });
}
