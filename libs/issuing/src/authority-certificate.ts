import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Extension,
} from '@peculiar/x509';
import { EXTENDED_KEY_USAGE } from '#libs/certificate';
import type { PublicKey } from '#libs/crypto';
import type { Signer } from '#libs/signer';
import {
  checkIssuer,
  encodeTbsCertificate,
  signCertificate,
  type Issuer,
  type ValidityPeriod,
} from './certificate-builder.js';
import { encodeDistinguishedName, type DistinguishedName } from './distinguished-name.js';
import { authorityKeyIdentifier, subjectKeyIdentifier } from './key-identifier.js';
import { randomSerialNumber } from './serial-number.js';

const SIGN_CERTIFICATES = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;

export interface IssuedCertificateFields extends ValidityPeriod {
  readonly subject: DistinguishedName;
  readonly publicKey: PublicKey;
  readonly issuer: Issuer;
}

export interface RootCertificateFields extends ValidityPeriod {
  readonly subject: DistinguishedName;
  readonly signer: Signer;
}

/**
 * A self-signed root, of a CA or of a timestamp authority: critical key usage and basic constraints, no extended key
 * usage (fulcio: docs/certificate-specification.md).
 * @returns DER
 * @throws IssuingError
 */
export async function createRootCertificate(fields: RootCertificateFields): Promise<Uint8Array> {
  const { signer, notBefore, notAfter } = fields;
  const subject = encodeDistinguishedName(fields.subject);
  const tbs = encodeTbsCertificate({
    serialNumber: randomSerialNumber(),
    scheme: signer.scheme,
    issuer: subject,
    notBefore,
    notAfter,
    subject,
    publicKey: signer.publicKey,
    extensions: [
      new KeyUsagesExtension(SIGN_CERTIFICATES, true),
      new BasicConstraintsExtension(true, undefined, true),
      subjectKeyIdentifier(signer.publicKey),
    ],
  });
  return signCertificate(tbs, signer);
}

/**
 * The certificate of a CA that issues signing certificates and no further CAs: path length 0, and code signing as the
 * only purpose (fulcio: docs/certificate-specification.md).
 * @returns DER
 * @throws IssuingError
 */
export async function createIntermediateCertificate(fields: IssuedCertificateFields): Promise<Uint8Array> {
  return issue(fields, [
    new KeyUsagesExtension(SIGN_CERTIFICATES, true),
    new ExtendedKeyUsageExtension([EXTENDED_KEY_USAGE.codeSigning]),
    new BasicConstraintsExtension(true, 0, true),
    subjectKeyIdentifier(fields.publicKey),
    authorityKeyIdentifier(fields.issuer.certificate),
  ]);
}

/**
 * The certificate of a timestamp authority's key: for timestamps alone, and critically so (RFC 3161 §2.3).
 * @returns DER
 * @throws IssuingError
 */
export async function createTsaCertificate(fields: IssuedCertificateFields): Promise<Uint8Array> {
  return issue(fields, [
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    subjectKeyIdentifier(fields.publicKey),
    authorityKeyIdentifier(fields.issuer.certificate),
    new ExtendedKeyUsageExtension([EXTENDED_KEY_USAGE.timeStamping], true),
  ]);
}

async function issue(fields: IssuedCertificateFields, extensions: readonly Extension[]): Promise<Uint8Array> {
  const { issuer, notBefore, notAfter, publicKey } = fields;
  checkIssuer(issuer, fields);
  const tbs = encodeTbsCertificate({
    serialNumber: randomSerialNumber(),
    scheme: issuer.signer.scheme,
    issuer: issuer.certificate.subject,
    notBefore,
    notAfter,
    subject: encodeDistinguishedName(fields.subject),
    publicKey,
    extensions,
  });
  return signCertificate(tbs, issuer.signer);
}
