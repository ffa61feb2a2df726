import { derChildren, derOid, derSequence, derString, DER, readDer, type DerElement } from '#libs/crypto';
import { CertificateError } from './certificate-error.js';
import { USERNAME_OID } from './extension-oids.js';

/** A subject alternative name (RFC 5280 §4.2.1.6); `other` is one that names nobody here. */
export type GeneralName =
  | { readonly type: 'email' | 'uri' | 'username'; readonly value: string }
  | { readonly type: 'other'; readonly raw: Uint8Array };

const OTHER_NAME = 0xa0;
const RFC822_NAME = 0x81;
const UNIFORM_RESOURCE_IDENTIFIER = 0x86;
const OTHER_NAME_VALUE = 0xa0;

/** Reads a SubjectAltName. @throws CertificateError malformed-certificate; DerError */
export function parseSubjectAltNames(value: Uint8Array): GeneralName[] {
  const names = derSequence(value).map(parseGeneralName);
  if (names.length === 0) throw new CertificateError('malformed-certificate', 'the subject alternative name is empty');
  return names;
}

function parseGeneralName(element: DerElement): GeneralName {
  switch (element.tag) {
    case RFC822_NAME:
      return { type: 'email', value: ia5String(element) };
    case UNIFORM_RESOURCE_IDENTIFIER:
      return { type: 'uri', value: ia5String(element) };
    case OTHER_NAME:
      return parseOtherName(element);
    default:
      return { type: 'other', raw: element.raw };
  }
}

function ia5String({ contents }: DerElement): string {
  return derString({ tag: DER.ia5String, raw: contents, contents });
}

function parseOtherName(element: DerElement): GeneralName {
  const [type, value, ...rest] = derChildren(element);
  if (derOid(type) !== USERNAME_OID) return { type: 'other', raw: element.raw };
  const text = value?.tag === OTHER_NAME_VALUE ? readDer(value.contents) : undefined;
  if (text?.tag !== DER.utf8String || rest.length > 0) {
    throw new CertificateError(
      'malformed-certificate',
      'the username in a subject alternative name is not a UTF8String',
    );
  }
  return { type: 'username', value: derString(text) };
}
