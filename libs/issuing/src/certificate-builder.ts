import type { Extension } from '@peculiar/x509';
import { verify } from '#crypto';
import { encodeSignatureAlgorithm, type Certificate } from '#libs/certificate';
import { DER, encodeDer, equalBytes, type PublicKey, type SignatureScheme } from '#libs/crypto';
import type { Signer } from '#libs/signer';
import { sequence, smallInteger, time } from './asn1.js';
import { IssuingError } from './issuing-error.js';
import { encodeSerialNumber } from './serial-number.js';

const EXPLICIT_EXTENSIONS = 0xa3;
const VERSION_3 = encodeDer(0xa0, smallInteger(2));

/** The certificate that signs, and its key. */
export interface Issuer {
  readonly certificate: Certificate;
  readonly signer: Signer;
}

/** Both ends inclusive, in whole seconds: what is below a second is cut off. */
export interface ValidityPeriod {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface TbsFields extends ValidityPeriod {
  readonly serialNumber: Uint8Array;
  readonly scheme: SignatureScheme;
  /** A Name, DER, taken over as it is: it has to equal the issuer's subject byte for byte. */
  readonly issuer: Uint8Array;
  /** A Name, DER. */
  readonly subject: Uint8Array;
  readonly publicKey: PublicKey;
  readonly extensions: readonly Extension[];
}

/** The TBSCertificate (RFC 5280 §4.1), the same bytes for the same fields. @throws IssuingError serial-number */
export function encodeTbsCertificate(fields: TbsFields): Uint8Array {
  const extensions = fields.extensions.map(({ rawData }) => new Uint8Array(rawData));
  return sequence(
    VERSION_3,
    encodeSerialNumber(fields.serialNumber),
    encodeSignatureAlgorithm(fields.scheme),
    fields.issuer,
    sequence(time(fields.notBefore), time(fields.notAfter)),
    fields.subject,
    fields.publicKey.spki,
    encodeDer(EXPLICIT_EXTENSIONS, sequence(...extensions)),
  );
}

/**
 * The Certificate around a TBSCertificate.
 * @throws IssuingError unsupported-algorithm, invalid-signature; SignerError
 */
export async function signCertificate(tbs: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const signature = await signVerified(tbs, signer);
  const bits = encodeDer(DER.bitString, Uint8Array.of(0), signature);
  return sequence(tbs, encodeSignatureAlgorithm(signer.scheme), bits);
}

/**
 * An ECDSA signature that verifies: a faulty one would be found out only by those who rely on it.
 * @throws IssuingError unsupported-algorithm, invalid-signature; SignerError
 */
export async function signVerified(message: Uint8Array, signer: Signer): Promise<Uint8Array> {
  // The X.509 verifier of sigstore-python and the timestamp verifier of sigstore-js know nothing else.
  if (!signer.scheme.startsWith('ecdsa-')) {
    throw new IssuingError(
      'unsupported-algorithm',
      `the ${signer.role} key signs with ${signer.scheme}, it should be ECDSA`,
    );
  }
  const signature = await signer.sign(message);
  if (!verify(signer.publicKey, signer.scheme, message, signature)) {
    throw new IssuingError('invalid-signature', `a signature by the ${signer.role} key does not verify`);
  }
  return signature;
}

/**
 * Checks that a certificate is that of the key, and valid throughout a period, as it will be written: in whole seconds.
 * @throws IssuingError wrong-key, outside-validity
 */
export function checkIssuer({ certificate, signer }: Issuer, period: ValidityPeriod): void {
  if (!equalBytes(certificate.publicKey.spki, signer.publicKey.spki)) {
    throw new IssuingError('wrong-key', `the ${signer.role} key is not that of its certificate`);
  }
  const [notBefore, notAfter] = [wholeSecond(period.notBefore), wholeSecond(period.notAfter)];
  if (!(certificate.notBefore <= notBefore && notBefore <= notAfter && notAfter <= certificate.notAfter)) {
    const [from, to] = [JSON.stringify(certificate.notBefore), JSON.stringify(certificate.notAfter)];
    throw new IssuingError(
      'outside-validity',
      `the certificate of the ${signer.role} key is valid from ${from} to ${to}, not from ${JSON.stringify(notBefore)} to ${JSON.stringify(notAfter)}`,
    );
  }
}

function wholeSecond(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}
