import {
  DER,
  derInteger,
  derIntegerBytes,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  schemeHash,
  type DerElement,
  type HashAlgorithm,
  type SignatureScheme,
} from '#libs/crypto';
import { parseSignatureAlgorithm } from '#libs/certificate';
import { parseDigestAlgorithm } from './digest-algorithm.js';
import { TimestampError } from './timestamp-error.js';

const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const ATTRIBUTE = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;
const SIGNED_ATTRIBUTES = 0xa0;
const SUBJECT_KEY_IDENTIFIER = 0x80;

/** Which certificate made a signature (RFC 5652 §5.3). */
export type SignerIdentifier =
  { readonly issuer: Uint8Array; readonly serialNumber: Uint8Array } | { readonly subjectKeyId: Uint8Array };

/** A SignerInfo (RFC 5652 §5.3). */
export interface SignerInfo {
  readonly id: SignerIdentifier;
  readonly digestAlgorithm: HashAlgorithm;
  readonly scheme: SignatureScheme;
  /** What the signature covers: the attributes, tagged as the SET OF that they are (RFC 5652 §5.4). */
  readonly signedAttributes: Uint8Array;
  /** Signed attribute: the OID of the content. */
  readonly contentType: string;
  /** Signed attribute: the digest of the content. */
  readonly messageDigest: Uint8Array;
  /** Signed attribute: the hash of the signer's certificate (RFC 5035 §3), where it is there. */
  readonly certificateHash?: { readonly algorithm: HashAlgorithm; readonly digest: Uint8Array };
  readonly signature: Uint8Array;
}

/** Reads a SignerInfo with signed attributes. @throws TimestampError; DerError, CertificateError */
export function parseSignerInfo(element: DerElement): SignerInfo {
  const [version, sid, digest, attributes, algorithm, signature, ...rest] = derSequence(element);
  const id = parseSignerIdentifier(sid);
  // RFC 5652 §5.3: version 1 goes with an issuer and serial number, version 3 with a key identifier.
  if (derInteger(version) !== ('issuer' in id ? 1n : 3n)) throw malformed('a SignerInfo has the wrong version');
  if (attributes?.tag !== SIGNED_ATTRIBUTES) throw malformed('a SignerInfo has no signed attributes');
  if (rest.length > 0) throw malformed('a SignerInfo has unsigned attributes, none is supported');
  const digestAlgorithm = parseDigestAlgorithm(digest);
  return {
    id,
    digestAlgorithm,
    scheme: parseScheme(algorithm, digestAlgorithm),
    ...parseAttributes(attributes),
    signature: derOctetString(signature),
  };
}

function malformed(message: string): TimestampError {
  return new TimestampError('malformed-response', message);
}

function parseSignerIdentifier(element: DerElement | undefined): SignerIdentifier {
  if (element?.tag === SUBJECT_KEY_IDENTIFIER) return { subjectKeyId: element.contents };
  const [issuer, serialNumber, ...rest] = derSequence(element);
  if (!issuer || rest.length > 0) throw malformed('a signer is not named by issuer and serial number');
  return { issuer: issuer.raw, serialNumber: derIntegerBytes(serialNumber) };
}

/** The hash of the signature is the one of the message digest (RFC 5652 §5.4; RFC 8419 §3.1: SHA-512 with Ed25519). */
function parseScheme(element: DerElement | undefined, digestAlgorithm: HashAlgorithm): SignatureScheme {
  const [oid] = derSequence(element);
  // RFC 3370 §3.2: RSA PKCS #1 v1.5 may be named by the key's algorithm alone.
  if (derOid(oid) === RSA_ENCRYPTION) return `rsa-pkcs1-${digestAlgorithm}`;
  const scheme = parseSignatureAlgorithm(element);
  const hash = schemeHash(scheme) ?? 'sha512';
  if (hash !== digestAlgorithm) {
    throw new TimestampError(
      'unsupported-algorithm',
      `a timestamp is signed with ${scheme} over ${digestAlgorithm} attributes, the hashes should be equal`,
    );
  }
  return scheme;
}

type Attributes = Pick<SignerInfo, 'signedAttributes' | 'contentType' | 'messageDigest' | 'certificateHash'>;

function parseAttributes(element: DerElement): Attributes {
  const signedAttributes = element.raw.slice();
  signedAttributes[0] = DER.set;
  const values = new Map<string, DerElement>();
  for (const attribute of derSequence({ ...element, tag: DER.sequence })) {
    const [type, set, ...rest] = derSequence(attribute);
    const oid = derOid(type);
    const [value, ...others] = derSet(set);
    // RFC 5652 §11: these attributes appear once, with one value.
    if (!value || others.length > 0 || rest.length > 0 || values.has(oid)) {
      throw malformed(`the signed attribute ${oid} does not have exactly one value`);
    }
    values.set(oid, value);
  }
  const certificate = values.get(ATTRIBUTE.signingCertificateV2);
  return {
    signedAttributes,
    contentType: derOid(values.get(ATTRIBUTE.contentType)),
    messageDigest: derOctetString(values.get(ATTRIBUTE.messageDigest)),
    ...(certificate && { certificateHash: parseCertificateHash(certificate) }),
  };
}

/** The first ESSCertIDv2 is the signer's; without an algorithm it is SHA-256 (RFC 5035 §3, §4). */
function parseCertificateHash(element: DerElement): { algorithm: HashAlgorithm; digest: Uint8Array } {
  const [first] = derSequence(derSequence(element)[0]);
  const fields = derSequence(first);
  const algorithm = fields[0]?.tag === DER.sequence ? parseDigestAlgorithm(fields.shift()) : 'sha256';
  return { algorithm, digest: derOctetString(fields[0]) };
}
