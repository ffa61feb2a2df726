import { importPublicKey } from '#crypto';
import { parseCertificate } from '#libs/certificate';
import { CodedError, type PublicKey } from '#libs/crypto';
import { EntryError } from './entry-error.js';
import type { MessageReader } from './message-reader.js';

/** What a signature verifies with: a certificate or a SubjectPublicKeyInfo, in DER. */
export interface Verifier {
  readonly kind: 'certificate' | 'public-key';
  readonly raw: Uint8Array;
}

/** @throws EntryError malformed-verifier */
export function verifierKey(verifier: Verifier): PublicKey {
  try {
    return verifier.kind === 'certificate' ? parseCertificate(verifier.raw).publicKey : importPublicKey(verifier.raw);
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    throw new EntryError('malformed-verifier', `the ${verifier.kind} cannot be used: ${cause.message}`, { cause });
  }
}

/** dev.sigstore.rekor.v2.Verifier, but for its keyDetails. */
export function readVerifier(message: MessageReader): Verifier {
  const rawBytes = (inner: MessageReader): Uint8Array => inner.requiredBytes('rawBytes');
  const certificate = message.message('x509Certificate', rawBytes);
  const publicKey = message.message('publicKey', rawBytes);
  if (certificate && !publicKey) return { kind: 'certificate', raw: certificate };
  if (publicKey && !certificate) return { kind: 'public-key', raw: publicKey };
  throw message.rules.refuse(`${message.path} should have either an x509Certificate or a publicKey`);
}
