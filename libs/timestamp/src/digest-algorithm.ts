import {
  DER,
  derOid,
  derSequence,
  encodeDer,
  encodeOid,
  equalBytes,
  type DerElement,
  type HashAlgorithm,
} from '#libs/crypto';
import { TimestampError } from './timestamp-error.js';

const OIDS: Readonly<Record<HashAlgorithm, string>> = {
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
};
const ALGORITHMS = Object.keys(OIDS) as HashAlgorithm[];
const NULL = encodeDer(DER.null);

/** Reads the AlgorithmIdentifier of a hash; its parameters are absent or NULL (RFC 5754 §2). @throws TimestampError, DerError */
export function parseDigestAlgorithm(element: DerElement | undefined): HashAlgorithm {
  const [identifier, parameters, ...rest] = derSequence(element);
  const oid = derOid(identifier);
  const algorithm = ALGORITHMS.find((name) => OIDS[name] === oid);
  if (!algorithm || (parameters && !equalBytes(parameters.raw, NULL)) || rest.length > 0) {
    throw new TimestampError('unsupported-algorithm', `hash algorithm ${oid} is none of SHA-256, SHA-384 and SHA-512`);
  }
  return algorithm;
}

/** RFC 5754 §2: without parameters. */
export function encodeDigestAlgorithm(algorithm: HashAlgorithm): Uint8Array {
  return encodeDer(DER.sequence, encodeOid(OIDS[algorithm]));
}
