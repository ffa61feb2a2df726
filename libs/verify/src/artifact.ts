import { hash, toHex } from '#crypto';
import { equalBytes, type HashAlgorithm } from '#libs/crypto';
import { pae } from '#libs/entry';
import type { BundleContent } from './bundle.js';
import { VerificationError } from './verification-error.js';

/** What was signed, or for an attestation its subject: as it is, or by its digest. */
export type Artifact =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'digest'; readonly algorithm: HashAlgorithm; readonly digest: Uint8Array };

/** @throws VerificationError artifact-digest if the artifact is given by a digest of another algorithm */
export function artifactDigest(artifact: Artifact, algorithm: HashAlgorithm): Uint8Array {
  if (artifact.kind === 'bytes') return hash(algorithm, artifact.bytes);
  if (artifact.algorithm === algorithm) return artifact.digest;
  throw new VerificationError(
    'artifact-digest',
    `the artifact is given by its ${artifact.algorithm} digest, the signature is over its ${algorithm} digest`,
  );
}

/**
 * The digest that the signature is over: of the artifact, or of the envelope's pre-authentication encoding.
 * @throws VerificationError artifact-digest also if the bundle says that it is about another artifact
 */
export function signedDigest(content: BundleContent, artifact: Artifact, algorithm: HashAlgorithm): Uint8Array {
  if (content.kind === 'dsse') return hash(algorithm, pae(content.envelope.payloadType, content.envelope.payload));
  const { digest: claimed, digestAlgorithm = algorithm } = content;
  const actual = claimed && artifactDigest(artifact, digestAlgorithm);
  if (actual && !equalBytes(claimed, actual)) {
    throw new VerificationError(
      'artifact-digest',
      `the artifact is ${digestAlgorithm}:${toHex(actual)}, the bundle is for ${digestAlgorithm}:${toHex(claimed)}`,
    );
  }
  return artifactDigest(artifact, algorithm);
}
