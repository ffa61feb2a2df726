import {
  DER,
  derBoolean,
  derInteger,
  derOid,
  derSequence,
  encodeDer,
  encodeOid,
  type DerElement,
  type HashAlgorithm,
} from '#libs/crypto';
import { encodeMessageImprint, parseMessageImprint } from './message-imprint.js';
import { encodeNonce, parseNonce } from './nonce.js';
import { parsing, TimestampError } from './timestamp-error.js';

/** A request has about 60 bytes; this leaves room for a policy and a long nonce. */
export const TIMESTAMP_REQUEST_MAX_BYTES = 1024;
const VERSION_1 = Uint8Array.of(1);
const EXTENSIONS = 0xa0;

/** A TimeStampReq (RFC 3161 §2.4.1). */
export interface TimestampRequest {
  readonly hashAlgorithm: HashAlgorithm;
  /** Of the message. */
  readonly digest: Uint8Array;
  /** The dotted OID of the policy that is asked for. */
  readonly policy?: string;
  readonly nonce?: bigint;
  /** Whether the token has to hold the certificate of its signer. */
  readonly certReq: boolean;
}

/**
 * Reads a request; the codes are those that an authority answers differently (RFC 3161 §2.4.2: badDataFormat,
 * badRequest, badAlg, unacceptedExtension).
 * @throws TimestampError malformed-request, unsupported-version, unsupported-algorithm, unsupported-extension
 */
export function parseTimestampRequest(der: Uint8Array): TimestampRequest {
  if (der.length > TIMESTAMP_REQUEST_MAX_BYTES) {
    throw new TimestampError(
      'malformed-request',
      `a timestamp request has ${der.length} bytes, the limit is ${TIMESTAMP_REQUEST_MAX_BYTES}`,
    );
  }
  return parsing('malformed-request', 'a timestamp request is malformed', () => {
    const fields = derSequence(der);
    const optional = (tag: number): DerElement | undefined => (fields[0]?.tag === tag ? fields.shift() : undefined);
    const version = derInteger(fields.shift());
    if (version !== 1n) {
      throw new TimestampError('unsupported-version', `a timestamp request is of version ${version}, it should be 1`);
    }
    const { hashAlgorithm, hashedMessage } = parseMessageImprint(fields.shift(), 'malformed-request');
    const policy = optional(DER.oid);
    const nonce = optional(DER.integer);
    const certReq = optional(DER.boolean);
    if (optional(EXTENSIONS)) {
      throw new TimestampError('unsupported-extension', 'a timestamp request has extensions, none is supported');
    }
    if (fields.length > 0) throw new TimestampError('malformed-request', 'a timestamp request has an unknown field');
    return {
      hashAlgorithm,
      digest: hashedMessage,
      ...(policy && { policy: derOid(policy) }),
      ...(nonce && { nonce: parseNonce(nonce, 'malformed-request') }),
      certReq: certReq !== undefined && derBoolean(certReq),
    };
  });
}

/** The DER of a request; `nonce` is not negative. */
export function encodeTimestampRequest(request: TimestampRequest): Uint8Array {
  const { hashAlgorithm, digest, policy, nonce, certReq } = request;
  return encodeDer(
    DER.sequence,
    encodeDer(DER.integer, VERSION_1),
    encodeMessageImprint({ hashAlgorithm, hashedMessage: digest }),
    ...(policy === undefined ? [] : [encodeOid(policy)]),
    ...(nonce === undefined ? [] : [encodeNonce(nonce)]),
    ...(certReq ? [encodeDer(DER.boolean, Uint8Array.of(0xff))] : []),
  );
}
