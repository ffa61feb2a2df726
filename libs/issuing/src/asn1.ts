import { DER, encodeDer, utf8Encode } from '#libs/crypto';

/** The ASN.1 values that certificates and tokens are made of, in DER. */

export function sequence(...fields: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER.sequence, ...fields);
}

/** The elements stand in the order of their encodings (X.690 §11.6). */
export function setOf(...elements: readonly Uint8Array[]): Uint8Array {
  return encodeDer(DER.set, ...elements.toSorted((a, b) => Buffer.compare(a, b)));
}

/** 0 to 127. */
export function smallInteger(value: number): Uint8Array {
  return encodeDer(DER.integer, Uint8Array.of(value));
}

export function octetString(bytes: Uint8Array): Uint8Array {
  return encodeDer(DER.octetString, bytes);
}

export function utf8String(text: string): Uint8Array {
  return encodeDer(DER.utf8String, utf8Encode(text));
}

/** UTCTime through 2049, then GeneralizedTime; cut to seconds (RFC 5280 §4.1.2.5, RFC 5652 §11.3). */
export function time(date: Date): Uint8Array {
  return date.getUTCFullYear() < 2050
    ? encodeDer(DER.utcTime, utf8Encode(timeDigits(date).slice(2)))
    : generalizedTime(date);
}

/** Cut to seconds. */
export function generalizedTime(date: Date): Uint8Array {
  return encodeDer(DER.generalizedTime, utf8Encode(timeDigits(date)));
}

/** YYYYMMDDHHMMSSZ */
function timeDigits(date: Date): string {
  return date.toISOString().replace(/[-:T]|\.\d+/g, '');
}
