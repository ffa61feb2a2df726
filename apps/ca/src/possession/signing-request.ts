import { importPublicKey, verify } from '#crypto';
import { parseSignatureAlgorithm } from '#libs/certificate';
import { DerError, derBitString, derInteger, derSequence, type PublicKey, utf8Decode } from '#libs/crypto';
import { IssuanceError, reading } from '../issuance-error.js';
import { onlyBlock, requireSubjectKey } from './subject-key.js';

const VERSION_1 = 0n;

/**
 * The key of a PKCS #10 request in PEM (RFC 2986 §4.2), whose signature shows that the sender holds it. The rest of the
 * request (subject, wished-for extensions) is not looked at: what is certified comes from the identity token alone.
 * @throws IssuanceError malformed-request, refused-key, refused-possession
 */
export function keyOfSigningRequest(pem: Uint8Array): PublicKey {
  return reading('malformed-request', 'the certificate signing request', () => {
    const der = onlyBlock(utf8Decode(pem), 'CERTIFICATE REQUEST');
    const [info, algorithm, signature, ...rest] = derSequence(der);
    const [version, , spki, , ...more] = derSequence(info);
    if (!info || !spki || rest.length > 0 || more.length > 0)
      throw new DerError('unexpected-der', 'wrong number of fields');
    if (derInteger(version) !== VERSION_1) throw new DerError('unexpected-der', 'the version is not 1');
    const key = reading('refused-key', 'the public key', () => requireSubjectKey(importPublicKey(spki.raw)));
    if (!verify(key, parseSignatureAlgorithm(algorithm), info.raw, derBitString(signature))) {
      throw new IssuanceError(
        'refused-possession',
        'the signature in the certificate signing request does not verify with the key in it',
      );
    }
    return key;
  });
}
