import 'reflect-metadata';
import { AuthorityKeyIdentifierExtension, SubjectKeyIdentifierExtension, type Extension } from '@peculiar/x509';
import { sha256, toHex } from '#crypto';
import type { Certificate } from '#libs/certificate';
import type { PublicKey } from '#libs/crypto';
import { IssuingError } from './issuing-error.js';

const KEY_ID_BYTES = 20;

/** RFC 7093 §2, method 1: the first 160 bits of the SHA-256 of the subjectPublicKey bits. */
export function subjectKeyIdentifier({ raw }: PublicKey): Extension {
  return new SubjectKeyIdentifierExtension(toHex(sha256(raw).subarray(0, KEY_ID_BYTES)));
}

/** The subject key identifier of the issuer (RFC 5280 §4.2.1.1). @throws IssuingError no-key-identifier */
export function authorityKeyIdentifier({ subjectKeyId }: Certificate): Extension {
  if (!subjectKeyId) {
    throw new IssuingError('no-key-identifier', 'the issuing certificate has no subject key identifier');
  }
  return new AuthorityKeyIdentifierExtension(toHex(subjectKeyId));
}
