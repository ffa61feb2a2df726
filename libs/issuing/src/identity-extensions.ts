import 'reflect-metadata';
import { Extension } from '@peculiar/x509';
import { CLAIM_EXTENSIONS, EXTENSION, USERNAME_OID, type Identity } from '#libs/certificate';
import { encodeDer, encodeOid, utf8Encode } from '#libs/crypto';
import { sequence, utf8String } from './asn1.js';
import { IssuingError } from './issuing-error.js';

const GENERAL_NAME = { otherName: 0xa0, rfc822Name: 0x81, uniformResourceIdentifier: 0x86 } as const;
const OTHER_NAME_VALUE = 0xa0;

/** An extension that @peculiar/x509 has no class of its own for. */
export function extension(oid: string, critical: boolean, value: Uint8Array): Extension {
  return new Extension(oid, critical, new Uint8Array(value));
}

/**
 * The one subject alternative name; critical, as the subject is empty (RFC 5280 §4.2.1.6).
 * @throws IssuingError unencodable-identity for an email or URI that is not printable ASCII
 */
export function subjectAltName(subject: Identity['subject']): Extension {
  return extension(EXTENSION.subjectAltName, true, sequence(encodeGeneralName(subject)));
}

function encodeGeneralName({ type, value }: Identity['subject']): Uint8Array {
  switch (type) {
    case 'email':
      return encodeDer(GENERAL_NAME.rfc822Name, printableAscii(value));
    case 'uri':
      return encodeDer(GENERAL_NAME.uniformResourceIdentifier, printableAscii(value));
    case 'username':
      return encodeDer(GENERAL_NAME.otherName, encodeOid(USERNAME_OID), encodeDer(OTHER_NAME_VALUE, utf8String(value)));
  }
}

/** The contents of an IA5String that reads as it looks. */
function printableAscii(value: string): Uint8Array {
  if (!/^[\x20-\x7e]+$/.test(value)) {
    throw new IssuingError('unencodable-identity', `the name ${JSON.stringify(value)} is not printable ASCII`);
  }
  return utf8Encode(value);
}

/**
 * Who vouched for the subject, and the other claims, in the order of their OIDs (fulcio: docs/oid-info.md). The issuer is
 * there twice: verifiers read .8, older ones .1.
 */
export function identityExtensions({ issuer, claims }: Pick<Identity, 'issuer' | 'claims'>): Extension[] {
  const texts = [
    { oid: EXTENSION.issuerV1, encoding: 'raw', text: issuer },
    { oid: EXTENSION.issuerV2, encoding: 'utf8', text: issuer },
    ...CLAIM_EXTENSIONS.map(({ oid, encoding, name }) => ({ oid, encoding, text: claims[name] })),
  ];
  return texts.toSorted(byLastArc).flatMap(({ oid, encoding, text }) => {
    if (text === undefined) return [];
    return [extension(oid, false, encoding === 'raw' ? utf8Encode(text) : utf8String(text))];
  });
}

function byLastArc(a: { readonly oid: string }, b: { readonly oid: string }): number {
  return Number(a.oid.split('.').at(-1)) - Number(b.oid.split('.').at(-1));
}
