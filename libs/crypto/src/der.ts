import { toHex } from '#crypto';
import { DerError } from './coded-error.js';
import { utf8Decode } from './utf8.js';

/**
 * DER (ITU-T X.690 §10), read by slicing: `raw` and `contents` are views into the input, so what was signed is what is
 * verified, and nothing is ever re-encoded.
 */
export interface DerElement {
  /** The identifier octet: class, constructed bit and tag number. */
  readonly tag: number;
  /** Identifier, length and contents. */
  readonly raw: Uint8Array;
  readonly contents: Uint8Array;
}

export const DER = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function readAt(bytes: Uint8Array, start: number): { element: DerElement; end: number } {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined)
    throw new DerError('malformed-der', `an element is cut off at offset ${start}`);
  if ((tag & 0x1f) === 0x1f)
    throw new DerError('malformed-der', `the element at offset ${start} has a tag number above 30`);
  let at = start + 2;
  let length = first;
  if (first >= 0x80) {
    // X.690 §10.1: definite form, in as few octets as possible. Four length octets are far above any limit of ours.
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4)
      throw new DerError('malformed-der', `the element at offset ${start} has ${octets} length octets`);
    length = 0;
    for (const end = at + octets; at < end; at++) {
      const octet = bytes[at];
      if (octet === undefined) throw new DerError('malformed-der', `a length is cut off at offset ${at}`);
      length = length * 256 + octet;
    }
    if (length < 0x80 || length < 256 ** (octets - 1)) {
      throw new DerError('malformed-der', `the element at offset ${start} has a length that is not minimal`);
    }
  }
  const end = at + length;
  if (end > bytes.length) {
    throw new DerError(
      'malformed-der',
      `the element at offset ${start} has ${length} bytes, only ${bytes.length - at} are left`,
    );
  }
  return { element: { tag, raw: bytes.subarray(start, end), contents: bytes.subarray(at, end) }, end };
}

/** Exactly one element, nothing behind it. @throws DerError malformed-der */
export function readDer(bytes: Uint8Array): DerElement {
  const { element, end } = readAt(bytes, 0);
  if (end !== bytes.length) throw new DerError('malformed-der', `${bytes.length - end} bytes follow the element`);
  return element;
}

/** The elements inside a constructed one. @throws DerError malformed-der, unexpected-der */
export function derChildren(element: DerElement): DerElement[] {
  if ((element.tag & 0x20) === 0)
    throw new DerError('unexpected-der', `element ${hex(element.tag)} is primitive, it should be constructed`);
  const children: DerElement[] = [];
  for (let at = 0; at < element.contents.length;) {
    const { element: child, end } = readAt(element.contents, at);
    children.push(child);
    at = end;
  }
  return children;
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, '0')}`;
}

function expectTag(element: DerElement | undefined, tag: number, what: string): DerElement {
  if (element?.tag !== tag) {
    throw new DerError(
      'unexpected-der',
      `found ${element ? `element ${hex(element.tag)}` : 'nothing'}, it should be ${what} (${hex(tag)})`,
    );
  }
  return element;
}

/** The elements of a SEQUENCE. */
export function derSequence(input: DerElement | Uint8Array | undefined): DerElement[] {
  return derChildren(expectTag(input instanceof Uint8Array ? readDer(input) : input, DER.sequence, 'a SEQUENCE'));
}

/** The elements of a SET. */
export function derSet(element: DerElement | undefined): DerElement[] {
  return derChildren(expectTag(element, DER.set, 'a SET'));
}

export function derBoolean(element: DerElement | undefined): boolean {
  const { contents } = expectTag(element, DER.boolean, 'a BOOLEAN');
  // X.690 §11.1: TRUE is 0xff.
  if (contents.length !== 1 || (contents[0] !== 0 && contents[0] !== 0xff)) {
    throw new DerError('malformed-der', 'a BOOLEAN is neither 00 nor ff');
  }
  return contents[0] === 0xff;
}

/** The two's complement octets of an INTEGER, checked to be minimal (X.690 §8.3.2). */
export function derIntegerBytes(element: DerElement | undefined): Uint8Array {
  const { contents } = expectTag(element, DER.integer, 'an INTEGER');
  const [first, second] = contents;
  if (first === undefined) throw new DerError('malformed-der', 'an INTEGER is empty');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerError('malformed-der', 'an INTEGER is not minimal');
  }
  return contents;
}

export function derInteger(element: DerElement | undefined): bigint {
  const bytes = derIntegerBytes(element);
  const value = BigInt(`0x${toHex(bytes)}`); // digit by digit would take quadratic time
  return (bytes[0] ?? 0) >= 0x80 ? value - (1n << BigInt(8 * bytes.length)) : value;
}

export function derOctetString(element: DerElement | undefined): Uint8Array {
  return expectTag(element, DER.octetString, 'an OCTET STRING').contents;
}

/** A BIT STRING of whole octets (keys and signatures). */
export function derBitString(element: DerElement | undefined): Uint8Array {
  const { contents } = expectTag(element, DER.bitString, 'a BIT STRING');
  if (contents[0] !== 0) throw new DerError('malformed-der', 'a BIT STRING is not a whole number of octets');
  return contents.subarray(1);
}

/** Real ones have about ten. */
const OID_MAX_BYTES = 64;

/** The dotted form of an OBJECT IDENTIFIER. */
export function derOid(element: DerElement | undefined): string {
  const { contents } = expectTag(element, DER.oid, 'an OBJECT IDENTIFIER');
  // Before the loop: an arc of n octets takes time quadratic in n.
  if (contents.length > OID_MAX_BYTES) {
    throw new DerError(
      'malformed-der',
      `an OBJECT IDENTIFIER has ${contents.length} bytes, the limit is ${OID_MAX_BYTES}`,
    );
  }
  const arcs: bigint[] = [];
  let arc = 0n;
  let begun = false;
  for (const octet of contents) {
    if (!begun && octet === 0x80)
      throw new DerError('malformed-der', 'an OBJECT IDENTIFIER has an arc that is not minimal');
    begun = true;
    arc = (arc << 7n) | BigInt(octet & 0x7f);
    if (octet < 0x80) {
      arcs.push(arc);
      arc = 0n;
      begun = false;
    }
  }
  const [first, ...rest] = arcs;
  if (first === undefined || begun) throw new DerError('malformed-der', 'an OBJECT IDENTIFIER is empty or cut off');
  const top = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [top, first - top * 40n, ...rest].join('.');
}

/** A UTF8String, PrintableString or IA5String; the last two are ASCII. */
export function derString(element: DerElement | undefined): string {
  const tag = element?.tag;
  if (!element || (tag !== DER.utf8String && tag !== DER.printableString && tag !== DER.ia5String)) {
    throw new DerError(
      'unexpected-der',
      `found ${tag === undefined ? 'nothing' : `element ${hex(tag)}`}, it should be a string`,
    );
  }
  if (tag !== DER.utf8String && element.contents.some((byte) => byte >= 0x80)) {
    throw new DerError('malformed-der', 'an ASCII string holds other bytes');
  }
  try {
    return utf8Decode(element.contents);
  } catch (cause) {
    throw new DerError('malformed-der', 'a UTF8String is not valid UTF-8', { cause });
  }
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.(\d*[1-9]))?Z$/;

/** A UTCTime or GeneralizedTime in DER: seconds present, zone Z, no trailing zeros in a fraction (X.690 §11.7, §11.8). */
export function derTime(element: DerElement | undefined): Date {
  if (element?.tag !== DER.utcTime && element?.tag !== DER.generalizedTime) {
    throw new DerError(
      'unexpected-der',
      `found ${element ? `element ${hex(element.tag)}` : 'nothing'}, it should be a time`,
    );
  }
  const text = String.fromCharCode(...element.contents.subarray(0, 40));
  const match = (element.tag === DER.utcTime ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if (!match) throw new DerError('malformed-der', `a time reads ${JSON.stringify(text)}`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  // RFC 5280 §4.1.2.5.1: two-digit years below 50 are in this century.
  const fullYear = element.tag === DER.generalizedTime ? year : year < 50 ? 2000 + year : 1900 + year;
  const fraction = Math.floor(Number(`0.${match[7] ?? '0'}`) * 1000);
  const time = new Date(Date.UTC(fullYear, month - 1, day, hour, minute, second, fraction));
  if (time.getUTCMonth() !== month - 1 || time.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) {
    throw new DerError('malformed-der', `a time reads ${text}, which no calendar has`);
  }
  return time;
}

/** One element: identifier, minimal length, the contents given. */
export function encodeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of contents) length += part.length;
  const header = [tag];
  if (length < 0x80) {
    header.push(length);
  } else {
    const octets: number[] = [];
    for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
    header.push(0x80 | octets.length, ...octets);
  }
  const element = new Uint8Array(header.length + length);
  element.set(header);
  let offset = header.length;
  for (const part of contents) {
    element.set(part, offset);
    offset += part.length;
  }
  return element;
}

/** The whole OBJECT IDENTIFIER element of a dotted form. */
export function encodeOid(dotted: string): Uint8Array {
  const [top = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  const octets: number[] = [];
  for (const arc of [top * 40n + second, ...rest]) {
    const groups = [Number(arc & 0x7fn)];
    for (let left = arc >> 7n; left > 0n; left >>= 7n) groups.unshift(Number(left & 0x7fn) | 0x80);
    octets.push(...groups);
  }
  return encodeDer(DER.oid, Uint8Array.from(octets));
}
