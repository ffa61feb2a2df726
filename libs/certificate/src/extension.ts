import { DER, derBoolean, derOctetString, derOid, derSequence, type DerElement } from '#libs/crypto';
import { CertificateError } from './certificate-error.js';

/** Fulcio writes up to 30; the rest is room. */
const EXTENSIONS_MAX = 64;

export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  /** The contents of extnValue. */
  readonly value: Uint8Array;
}

/**
 * Reads an Extensions SEQUENCE (RFC 5280 §4.1); no OID may appear twice (§4.2).
 * @throws CertificateError malformed-certificate; DerError
 */
export function parseExtensions(element: DerElement | undefined): Extension[] {
  const elements = derSequence(element);
  if (elements.length === 0 || elements.length > EXTENSIONS_MAX) {
    throw new CertificateError(
      'malformed-certificate',
      `there are ${elements.length} extensions, it should be 1 to ${EXTENSIONS_MAX}`,
    );
  }
  const extensions = elements.map(parseExtension);
  const seen = new Set<string>();
  for (const { oid } of extensions) {
    if (seen.has(oid)) throw new CertificateError('malformed-certificate', `extension ${oid} appears twice`);
    seen.add(oid);
  }
  return extensions;
}

function parseExtension(element: DerElement): Extension {
  const fields = derSequence(element);
  const oid = derOid(fields.shift());
  const critical = fields[0]?.tag === DER.boolean;
  // X.690 §11.5: DER leaves a default value out, so `critical FALSE` is not DER.
  if (critical && !derBoolean(fields.shift())) {
    throw new CertificateError('malformed-certificate', `extension ${oid} spells out critical FALSE`);
  }
  const [value, ...rest] = fields;
  if (rest.length > 0) throw new CertificateError('malformed-certificate', `extension ${oid} has more than a value`);
  return { oid, critical, value: derOctetString(value) };
}
