import {
  DER,
  derBoolean,
  derInteger,
  derIntegerBytes,
  derOid,
  derSequence,
  derTime,
  readDer,
  type DerElement,
} from '#libs/crypto';
import { parseExtensions } from '#libs/certificate';
import { parseMessageImprint, type MessageImprint } from './message-imprint.js';
import { parseNonce } from './nonce.js';
import { TimestampError } from './timestamp-error.js';

const VERSION_1 = 1n;
const TSA = 0xa0;
const EXTENSIONS = 0xa1;

/** What an authority states: this hash existed at this time (RFC 3161 §2.4.2, TSTInfo). */
export interface TstInfo extends MessageImprint {
  /** The dotted OID of the policy under which it was made. */
  readonly policy: string;
  /** The contents of the INTEGER; authorities in use write negative ones too. */
  readonly serialNumber: Uint8Array;
  readonly genTime: Date;
  readonly nonce?: bigint;
}

/** Reads a TSTInfo. @throws TimestampError malformed-response, unsupported-algorithm; DerError, CertificateError */
export function parseTstInfo(der: Uint8Array): TstInfo {
  const fields = derSequence(der);
  const optional = (tag: number): DerElement | undefined => (fields[0]?.tag === tag ? fields.shift() : undefined);
  if (derInteger(fields.shift()) !== VERSION_1) throw malformed('a TSTInfo is not of version 1');
  const policy = derOid(fields.shift());
  const imprint = parseMessageImprint(fields.shift(), 'malformed-response');
  const serialNumber = derIntegerBytes(fields.shift());
  const genTime = parseGenTime(fields.shift());
  checkAccuracy(optional(DER.sequence));
  const ordering = optional(DER.boolean);
  if (ordering && !derBoolean(ordering)) throw malformed('a TSTInfo spells out ordering FALSE');
  const nonce = optional(DER.integer);
  const name = optional(TSA);
  if (name) readDer(name.contents);
  checkExtensions(optional(EXTENSIONS));
  if (fields.length > 0) throw malformed('a TSTInfo has an unknown field');
  return {
    ...imprint,
    policy,
    serialNumber,
    genTime,
    ...(nonce && { nonce: parseNonce(nonce, 'malformed-response') }),
  };
}

function malformed(message: string): TimestampError {
  return new TimestampError('malformed-response', message);
}

function parseGenTime(element: DerElement | undefined): Date {
  if (element?.tag !== DER.generalizedTime) throw malformed('the genTime of a TSTInfo is not a GeneralizedTime');
  return derTime(element);
}

/** Accuracy is seconds, [0] millis and [1] micros, each optional and in this order. It isn't acted upon. */
function checkAccuracy(element: DerElement | undefined): void {
  const tags = element ? derSequence(element).map(({ tag }) => tag) : [];
  const known: readonly number[] = [DER.integer, 0x80, 0x81];
  const order = tags.map((tag) => known.indexOf(tag));
  if (order.some((place, i) => place <= (order[i - 1] ?? -1))) throw malformed('a TSTInfo has a malformed accuracy');
}

/** RFC 3161 §2.4.2 defines no extension, so none can be acted upon; one that is critical would have to be. */
function checkExtensions(element: DerElement | undefined): void {
  if (!element) return;
  // The tag is implicit: [1] stands in the place of SEQUENCE.
  const critical = parseExtensions({ ...element, tag: DER.sequence }).find((extension) => extension.critical);
  if (critical) throw malformed(`a TSTInfo has the critical extension ${critical.oid}, none is supported`);
}
