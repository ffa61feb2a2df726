import {
  DER,
  derOctetString,
  derSequence,
  DIGEST_BYTES,
  encodeDer,
  type DerElement,
  type HashAlgorithm,
} from '#libs/crypto';
import { encodeDigestAlgorithm, parseDigestAlgorithm } from './digest-algorithm.js';
import { TimestampError, type TimestampErrorCode } from './timestamp-error.js';

/** What is timestamped: a hash (RFC 3161 §2.4.1). */
export interface MessageImprint {
  readonly hashAlgorithm: HashAlgorithm;
  readonly hashedMessage: Uint8Array;
}

/** @throws TimestampError unsupported-algorithm, or `code` for a digest of another length; DerError */
export function parseMessageImprint(element: DerElement | undefined, code: TimestampErrorCode): MessageImprint {
  const [algorithm, digest, ...rest] = derSequence(element);
  const hashAlgorithm = parseDigestAlgorithm(algorithm);
  const hashedMessage = derOctetString(digest);
  if (hashedMessage.length !== DIGEST_BYTES[hashAlgorithm] || rest.length > 0) {
    throw new TimestampError(
      code,
      `a message imprint has ${hashedMessage.length} bytes, a ${hashAlgorithm} digest has ${DIGEST_BYTES[hashAlgorithm]}`,
    );
  }
  return { hashAlgorithm, hashedMessage };
}

export function encodeMessageImprint({ hashAlgorithm, hashedMessage }: MessageImprint): Uint8Array {
  return encodeDer(DER.sequence, encodeDigestAlgorithm(hashAlgorithm), encodeDer(DER.octetString, hashedMessage));
}
