import { randomBytes } from 'node:crypto';
import { DER, encodeDer } from '#libs/crypto';
import { IssuingError } from './issuing-error.js';

/** RFC 5280 §4.1.2.2 and RFC 3161 §2.4.2: positive, at most 20 octets. */
const SERIAL_NUMBER_BYTES = 20;

/** 20 bytes, random in 158 bits: the first two are 01, so that the number is positive and never shorter. */
export function randomSerialNumber(): Uint8Array {
  const [first = 0, ...rest] = randomBytes(SERIAL_NUMBER_BYTES);
  return Uint8Array.of((first & 0x3f) | 0x40, ...rest);
}

/** The INTEGER of a serial number that is positive and minimal. @throws IssuingError serial-number */
export function encodeSerialNumber(bytes: Uint8Array): Uint8Array {
  const [first = 0, second = 0] = bytes;
  const isMinimal = first > 0 || second >= 0x80;
  if (first >= 0x80 || !isMinimal || bytes.length > SERIAL_NUMBER_BYTES) {
    throw new IssuingError(
      'serial-number',
      `a serial number of ${bytes.length} bytes starts with ${first}, it should be positive, minimal and at most 20 bytes`,
    );
  }
  return encodeDer(DER.integer, bytes);
}
