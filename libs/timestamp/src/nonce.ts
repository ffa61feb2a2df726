import { fromHex } from '#crypto';
import { DER, derInteger, derIntegerBytes, encodeDer, type DerElement } from '#libs/crypto';
import { TimestampError, type TimestampErrorCode } from './timestamp-error.js';

/** RFC 3161 §2.4.1 speaks of 64 bits; clients use up to 128. */
export const NONCE_MAX_BYTES = 32;

/** @throws TimestampError with `code` when it is too long; DerError */
export function parseNonce(element: DerElement, code: TimestampErrorCode): bigint {
  const { length } = derIntegerBytes(element);
  if (length > NONCE_MAX_BYTES) {
    throw new TimestampError(code, `a nonce has ${length} bytes, the limit is ${NONCE_MAX_BYTES}`);
  }
  return derInteger(element);
}

/** The INTEGER of a nonce that is not negative: a zero octet stands in front where the first bit is set. */
export function encodeNonce(nonce: bigint): Uint8Array {
  const hex = nonce.toString(16);
  const bytes = fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
  return (bytes[0] ?? 0) < 0x80 ? encodeDer(DER.integer, bytes) : encodeDer(DER.integer, Uint8Array.of(0), bytes);
}
