import 'reflect-metadata';
import { ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, type Extension } from '@peculiar/x509';
import { encodeSctList, EXTENDED_KEY_USAGE, EXTENSION, precertTbs, type Identity } from '#libs/certificate';
import { DER, encodeDer, equalBytes, type PublicKey } from '#libs/crypto';
import { sequence } from './asn1.js';
import {
  checkIssuer,
  encodeTbsCertificate,
  signCertificate,
  type Issuer,
  type ValidityPeriod,
} from './certificate-builder.js';
import { extension, identityExtensions, subjectAltName } from './identity-extensions.js';
import { IssuingError } from './issuing-error.js';
import { authorityKeyIdentifier, subjectKeyIdentifier } from './key-identifier.js';

/** The subject is in the subject alternative name. */
const EMPTY_NAME = sequence();

/** What a signing certificate says; its precertificate says the same. */
export interface SigningCertificateFields extends ValidityPeriod {
  readonly identity: Pick<Identity, 'subject' | 'issuer' | 'claims'>;
  readonly publicKey: PublicKey;
  readonly issuer: Issuer;
  /** Positive, see `randomSerialNumber`. */
  readonly serialNumber: Uint8Array;
}

/**
 * The certificate to be, made unusable by a critical poison, for a CT log to promise its inclusion (RFC 6962 §3.1).
 * @returns DER
 * @throws IssuingError
 */
export async function createPrecertificate(fields: SigningCertificateFields): Promise<Uint8Array> {
  return signWith(fields, extension(EXTENSION.poison, true, encodeDer(DER.null)));
}

/**
 * The certificate of a short-lived signing key (fulcio: docs/certificate-specification.md), with the SCTs for its
 * precertificate, which was made of the same fields. `scts` are SerializedSCTs (RFC 6962 §3.3).
 * @returns DER
 * @throws IssuingError
 */
export async function createSigningCertificate(
  fields: SigningCertificateFields & { readonly scts: readonly Uint8Array[] },
): Promise<Uint8Array> {
  if (fields.scts.length === 0) throw new IssuingError('no-sct', 'a signing certificate should have an SCT');
  return signWith(fields, extension(EXTENSION.sctList, false, encodeSctList(fields.scts)));
}

/** The poison and the SCT list stand last: verifiers take them away, and what is left has to be what the log signed. */
async function signWith(fields: SigningCertificateFields, last: Extension): Promise<Uint8Array> {
  checkIssuer(fields.issuer, fields);
  const tbs = encodeTbs(fields, [last]);
  if (!equalBytes(precertTbs(tbs), encodeTbs(fields, []))) {
    throw new IssuingError('precertificate-mismatch', 'a certificate is not the one that was promised to be logged');
  }
  return signCertificate(tbs, fields.issuer.signer);
}

function encodeTbs(fields: SigningCertificateFields, last: readonly Extension[]): Uint8Array {
  const { identity, issuer, notBefore, notAfter, publicKey, serialNumber } = fields;
  return encodeTbsCertificate({
    serialNumber,
    scheme: issuer.signer.scheme,
    issuer: issuer.certificate.subject,
    notBefore,
    notAfter,
    subject: EMPTY_NAME,
    publicKey,
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([EXTENDED_KEY_USAGE.codeSigning]),
      subjectKeyIdentifier(publicKey),
      authorityKeyIdentifier(issuer.certificate),
      subjectAltName(identity.subject),
      ...identityExtensions(identity),
      ...last,
    ],
  });
}
