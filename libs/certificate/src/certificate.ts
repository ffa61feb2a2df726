import { importPublicKey } from '#crypto';
import {
  CryptoError,
  DER,
  derBitString,
  derInteger,
  derIntegerBytes,
  derSequence,
  derSet,
  derTime,
  equalBytes,
  readDer,
  type DerElement,
  type PublicKey,
  type SignatureScheme,
} from '#libs/crypto';
import { CertificateError, parsing } from './certificate-error.js';
import { parseExtensions, type Extension } from './extension.js';
import { EXTENSION } from './extension-oids.js';
import { parseSubjectAltNames, type GeneralName } from './general-name.js';
import { parseSignatureAlgorithm } from './signature-algorithm.js';
import {
  parseAuthorityKeyId,
  parseBasicConstraints,
  parseExtendedKeyUsage,
  parseKeyUsage,
  parseSubjectKeyId,
  type KeyUsage,
} from './standard-extensions.js';

/** Real ones have 500 to 3,000 bytes; a log entry that carries one is limited to 65,535. */
export const CERTIFICATE_MAX_BYTES = 65_535;
/** RFC 5280 §4.1.2.2, without the octet that only keeps the number positive. */
const SERIAL_NUMBER_MAX_BYTES = 20;
const VERSION_3 = 2n;

/** An X.509 v3 certificate (RFC 5280 §4.1). All byte fields are views into what was parsed. */
export interface Certificate {
  readonly raw: Uint8Array;
  /** The whole TBSCertificate element: what is signed. */
  readonly tbs: Uint8Array;
  /** The contents of the INTEGER. */
  readonly serialNumber: Uint8Array;
  readonly signatureAlgorithm: SignatureScheme;
  readonly signature: Uint8Array;
  /** The whole Name element. */
  readonly issuer: Uint8Array;
  /** The whole Name element. */
  readonly subject: Uint8Array;
  readonly notBefore: Date;
  /** Inclusive. */
  readonly notAfter: Date;
  readonly publicKey: PublicKey;
  readonly extensions: readonly Extension[];
  readonly isCa: boolean;
  readonly pathLength?: number;
  readonly keyUsage?: ReadonlySet<KeyUsage>;
  /** OIDs; empty without the extension. */
  readonly extendedKeyUsage: readonly string[];
  readonly extendedKeyUsageCritical: boolean;
  readonly subjectAltNames: readonly GeneralName[];
  readonly subjectKeyId?: Uint8Array;
  readonly authorityKeyId?: Uint8Array;
}

/**
 * Reads one certificate: version 3, DER, no extension twice, none of the obsolete unique identifiers.
 * @throws CertificateError malformed-certificate, unsupported-algorithm
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > CERTIFICATE_MAX_BYTES) {
    throw new CertificateError(
      'malformed-certificate',
      `a certificate has ${der.length} bytes, the limit is ${CERTIFICATE_MAX_BYTES}`,
    );
  }
  return parsing('malformed-certificate', 'a certificate is malformed', () => {
    const [tbs, algorithm, signature, ...rest] = derSequence(der);
    if (!tbs || !algorithm || rest.length > 0) throw malformed('a certificate is not TBS, algorithm and signature');
    const [version, serialNumber, tbsAlgorithm, issuer, validity, subject, publicKey, extensions, ...more] =
      derSequence(tbs);
    if (version?.tag !== 0xa0 || derInteger(readDer(version.contents)) !== VERSION_3) {
      throw malformed('a certificate is not of version 3');
    }
    // RFC 5280 §4.1.1.2: the algorithm is named twice, once under the signature.
    if (!tbsAlgorithm || !equalBytes(tbsAlgorithm.raw, algorithm.raw)) {
      throw malformed('a certificate names two different signature algorithms');
    }
    if (extensions?.tag !== 0xa3 || more.length > 0) throw malformed('a certificate does not end with its extensions');
    return {
      raw: der,
      tbs: tbs.raw,
      serialNumber: parseSerialNumber(serialNumber),
      signatureAlgorithm: parseSignatureAlgorithm(algorithm),
      signature: derBitString(signature),
      issuer: parseName(issuer),
      subject: parseName(subject),
      ...parseValidity(validity),
      publicKey: parsePublicKey(publicKey),
      ...readExtensions(parseExtensions(readDer(extensions.contents))),
    };
  });
}

function malformed(message: string): CertificateError {
  return new CertificateError('malformed-certificate', message);
}

function parseSerialNumber(element: DerElement | undefined): Uint8Array {
  const bytes = derIntegerBytes(element);
  const [first = 0] = bytes;
  if (first >= 0x80) throw malformed('a serial number is negative');
  if (bytes.length - (first === 0 ? 1 : 0) > SERIAL_NUMBER_MAX_BYTES) {
    throw malformed(`a serial number has ${bytes.length} bytes, the limit is ${SERIAL_NUMBER_MAX_BYTES}`);
  }
  return bytes;
}

/** A Name stays bytes: names are compared, not shown (RFC 5280 §7.1 allows the comparison of equal encodings). */
function parseName(element: DerElement | undefined): Uint8Array {
  for (const relativeName of derSequence(element)) {
    for (const attribute of derSet(relativeName)) derSequence(attribute);
  }
  return element?.raw ?? new Uint8Array();
}

function parseValidity(element: DerElement | undefined): { notBefore: Date; notAfter: Date } {
  const [notBefore, notAfter, ...rest] = derSequence(element);
  if (rest.length > 0) throw malformed('a validity has more than two times');
  return { notBefore: parseTime(notBefore), notAfter: parseTime(notAfter) };
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on, and no fractions of seconds. */
function parseTime(element: DerElement | undefined): Date {
  const time = derTime(element);
  const isWhole = element?.contents.length === 'YYYYMMDDHHMMSSZ'.length;
  if (element?.tag === DER.generalizedTime && (time.getUTCFullYear() < 2050 || !isWhole)) {
    throw malformed(
      `a validity has the GeneralizedTime ${time.toISOString()}, it should be 2050 or later, in whole seconds`,
    );
  }
  return time;
}

function parsePublicKey(element: DerElement | undefined): PublicKey {
  try {
    return importPublicKey(element?.raw ?? new Uint8Array());
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    const code = cause.code === 'unsupported-key' ? 'unsupported-algorithm' : 'malformed-certificate';
    throw new CertificateError(code, `the public key of a certificate: ${cause.message}`, { cause });
  }
}

type ExtensionFields = Pick<
  Certificate,
  | 'extensions'
  | 'isCa'
  | 'pathLength'
  | 'keyUsage'
  | 'extendedKeyUsage'
  | 'extendedKeyUsageCritical'
  | 'subjectAltNames'
  | 'subjectKeyId'
  | 'authorityKeyId'
>;

function readExtensions(extensions: readonly Extension[]): ExtensionFields {
  const find = (oid: string): Extension | undefined => extensions.find((extension) => extension.oid === oid);
  const read = <T>(oid: string, parse: (value: Uint8Array) => T): T | undefined => {
    const extension = find(oid);
    return extension && parse(extension.value);
  };
  const keyUsage = read(EXTENSION.keyUsage, parseKeyUsage);
  const subjectKeyId = read(EXTENSION.subjectKeyIdentifier, parseSubjectKeyId);
  const authorityKeyId = read(EXTENSION.authorityKeyIdentifier, parseAuthorityKeyId);
  return {
    extensions,
    ...(read(EXTENSION.basicConstraints, parseBasicConstraints) ?? { isCa: false }),
    ...(keyUsage && { keyUsage }),
    extendedKeyUsage: read(EXTENSION.extendedKeyUsage, parseExtendedKeyUsage) ?? [],
    extendedKeyUsageCritical: find(EXTENSION.extendedKeyUsage)?.critical ?? false,
    subjectAltNames: read(EXTENSION.subjectAltName, parseSubjectAltNames) ?? [],
    ...(subjectKeyId && { subjectKeyId }),
    ...(authorityKeyId && { authorityKeyId }),
  };
}
