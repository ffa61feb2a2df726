import { verify, verifyDigest } from '#crypto';
import type { KeyAlgorithm, SignatureScheme } from '#libs/crypto';
import { KEY_DETAILS, pae, type LoggedEntry } from '#libs/entry';
import { signedDigest } from './artifact.js';
import { signatureOf } from './bundle.js';
import type { Signed } from './entry-body.js';
import { VerificationError } from './verification-error.js';

/** How keys sign envelopes in Rekor v1, whose entries don't say. */
const ENVELOPE_SCHEMES: Readonly<Record<KeyAlgorithm, SignatureScheme>> = {
  'ecdsa-p256': 'ecdsa-sha256',
  'ecdsa-p384': 'ecdsa-sha384',
  'ecdsa-p521': 'ecdsa-sha512',
  ed25519: 'ed25519',
  rsa: 'rsa-pkcs1-sha256',
  'ml-dsa-44': 'ml-dsa-44',
};

/**
 * Verifies the signature over the artifact or the envelope, by the algorithm that the log entry names. The entry has been
 * found to be about this signature, so that neither side alone can choose.
 * @throws VerificationError signature
 */
export function verifySignature(logged: LoggedEntry, { content, artifact, signer }: Signed): void {
  const { publicKey } = signer;
  const signature = signatureOf(content);
  const isValid =
    logged.kind === 'hashedrekord'
      ? verifyDigest(
          publicKey,
          digestScheme(logged, publicKey.algorithm),
          signedDigest(content, artifact, logged.digestAlgorithm),
          signature,
        )
      : content.kind === 'dsse' &&
        verify(
          publicKey,
          ENVELOPE_SCHEMES[publicKey.algorithm],
          pae(content.envelope.payloadType, content.envelope.payload),
          signature,
        );
  if (!isValid) {
    throw new VerificationError('signature', `the signature does not verify under the ${publicKey.algorithm} key`);
  }
}

function digestScheme(logged: LoggedEntry & { kind: 'hashedrekord' }, algorithm: KeyAlgorithm): SignatureScheme {
  if (logged.apiVersion === '0.0.2') return KEY_DETAILS[logged.keyDetails].scheme;
  if (algorithm === 'ed25519') return 'ed25519ph';
  return algorithm === 'rsa' ? `rsa-pkcs1-${logged.digestAlgorithm}` : `ecdsa-${logged.digestAlgorithm}`;
}
