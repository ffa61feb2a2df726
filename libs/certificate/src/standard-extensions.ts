import {
  DER,
  derBoolean,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  readDer,
  type DerElement,
} from '#libs/crypto';
import { CertificateError } from './certificate-error.js';

/** Bits of KeyUsage, most significant first (RFC 5280 §4.2.1.3). */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

export type KeyUsage = (typeof KEY_USAGES)[number];

const PATH_LENGTH_MAX = 255n;
const AUTHORITY_KEY_ID = 0x80;

/** RFC 5280 §4.2.1.9. */
export function parseBasicConstraints(value: Uint8Array): { isCa: boolean; pathLength?: number } {
  const [ca, pathLength, ...rest] = derSequence(value);
  if (!ca) return { isCa: false };
  if (!derBoolean(ca) || rest.length > 0) {
    throw new CertificateError(
      'malformed-certificate',
      'basic constraints are neither empty nor cA TRUE with a path length',
    );
  }
  if (!pathLength) return { isCa: true };
  const length = derInteger(pathLength);
  if (length < 0n || length > PATH_LENGTH_MAX) {
    throw new CertificateError(
      'malformed-certificate',
      `the path length is ${length}, it should be 0 to ${PATH_LENGTH_MAX}`,
    );
  }
  return { isCa: true, pathLength: Number(length) };
}

/** RFC 5280 §4.2.1.3. */
export function parseKeyUsage(value: Uint8Array): ReadonlySet<KeyUsage> {
  const { tag, contents } = readDer(value);
  const [unused = 8, ...octets] = contents;
  const bits = octets.length * 8 - unused;
  const isSet = (bit: number): boolean => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  // X.690 §11.2.2: a named bit list ends with its last one bit, the bits behind it are zero.
  const padding = (octets.at(-1) ?? 0) & ((1 << unused) - 1);
  if (
    tag !== DER.bitString ||
    unused > 7 ||
    bits < 1 ||
    bits > KEY_USAGES.length ||
    padding !== 0 ||
    !isSet(bits - 1)
  ) {
    throw new CertificateError('malformed-certificate', 'the key usage is not a named bit list in DER');
  }
  return new Set(KEY_USAGES.filter((_, bit) => isSet(bit)));
}

/** RFC 5280 §4.2.1.12: the OIDs. */
export function parseExtendedKeyUsage(value: Uint8Array): string[] {
  const usages = derSequence(value).map(derOid);
  if (usages.length === 0) throw new CertificateError('malformed-certificate', 'the extended key usage is empty');
  return usages;
}

/** RFC 5280 §4.2.1.2. */
export function parseSubjectKeyId(value: Uint8Array): Uint8Array {
  return derOctetString(readDer(value));
}

/** RFC 5280 §4.2.1.1: the keyIdentifier; undefined where only issuer and serial number are given. */
export function parseAuthorityKeyId(value: Uint8Array): Uint8Array | undefined {
  return derSequence(value).find((field: DerElement) => field.tag === AUTHORITY_KEY_ID)?.contents;
}
