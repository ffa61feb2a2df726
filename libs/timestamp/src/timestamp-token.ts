import {
  DER,
  derChildren,
  derInteger,
  derOctetString,
  derOid,
  derSequence,
  derSet,
  readDer,
  type DerElement,
} from '#libs/crypto';
import { parseDigestAlgorithm } from './digest-algorithm.js';
import { parseSignerInfo, type SignerInfo } from './signer-info.js';
import { TimestampError } from './timestamp-error.js';
import { parseTstInfo, type TstInfo } from './tst-info.js';

const TOKEN_CERTIFICATES_MAX = 8;
export const TST_INFO_CONTENT = '1.2.840.113549.1.9.16.1.4';
const SIGNED_DATA_CONTENT = '1.2.840.113549.1.7.2';
const VERSION_3 = 3n;
const CERTIFICATES = 0xa0;

/** A TimeStampToken: CMS SignedData around a TSTInfo, with one signer (RFC 3161 §2.4.2, RFC 5652 §5.1). */
export interface TimestampToken {
  readonly info: TstInfo;
  /** The DER of the TSTInfo: what the signer's message digest is of. */
  readonly content: Uint8Array;
  readonly signer: SignerInfo;
  /** The certificates that came along, DER, neither parsed nor trusted. */
  readonly certificates: readonly Uint8Array[];
}

/**
 * Reads a token's ContentInfo. Revocation lists, which nothing signs, have no place in it.
 * @throws TimestampError malformed-response, unsupported-algorithm; DerError, CertificateError
 */
export function parseTimestampToken(element: DerElement): TimestampToken {
  const fields = derSequence(explicitContent(element, SIGNED_DATA_CONTENT));
  const optional = (tag: number): DerElement | undefined => (fields[0]?.tag === tag ? fields.shift() : undefined);
  // RFC 5652 §5.1: version 3, as the content is not id-data.
  if (derInteger(fields.shift()) !== VERSION_3) throw malformed('a token is not SignedData of version 3');
  const digestAlgorithms = derSet(fields.shift()).map(parseDigestAlgorithm);
  const encapsulated = fields.shift();
  const certificates = optional(CERTIFICATES);
  const signers = derSet(fields.shift());
  const [signerInfo, ...others] = signers;
  // RFC 3161 §2.4.2: no signature other than the authority's.
  if (!signerInfo || others.length > 0) throw malformed(`a token has ${signers.length} signers, it should have one`);
  if (fields.length > 0 || !encapsulated) throw malformed('a token has an unknown field');
  const content = derOctetString(explicitContent(encapsulated, TST_INFO_CONTENT));
  const signer = parseSignerInfo(signerInfo);
  if (!digestAlgorithms.includes(signer.digestAlgorithm)) {
    throw malformed(`a token does not list its digest algorithm ${signer.digestAlgorithm}`);
  }
  return { info: parseTstInfo(content), content, signer, certificates: parseCertificates(certificates) };
}

function malformed(message: string): TimestampError {
  return new TimestampError('malformed-response', message);
}

/** ContentInfo and EncapsulatedContentInfo: a type and, explicitly tagged [0], the content. */
function explicitContent(element: DerElement, type: string): DerElement {
  const [oid, content, ...rest] = derSequence(element);
  if (derOid(oid) !== type || content?.tag !== 0xa0 || rest.length > 0) {
    throw malformed(`a token has content ${derOid(oid)}, it should be ${type}`);
  }
  return readDer(content.contents);
}

function parseCertificates(element: DerElement | undefined): Uint8Array[] {
  if (!element) return [];
  const certificates = derChildren(element);
  if (certificates.length > TOKEN_CERTIFICATES_MAX || certificates.some(({ tag }) => tag !== DER.sequence)) {
    throw malformed(
      `a token has ${certificates.length} certificates, the limit is ${TOKEN_CERTIFICATES_MAX}, all X.509`,
    );
  }
  return certificates.map(({ raw }) => raw);
}
