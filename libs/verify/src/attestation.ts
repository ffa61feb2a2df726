import { toHex } from '#crypto';
import { DIGEST_BYTES, type HashAlgorithm } from '#libs/crypto';
import { IN_TOTO_PAYLOAD_TYPE, parseStatement, type Statement, type Subject } from '#libs/entry';
import { artifactDigest, type Artifact } from './artifact.js';
import type { BundleContent } from './bundle.js';
import { checking, VerificationError } from './verification-error.js';

/**
 * Reads the in-toto statement of an envelope, one of whose subjects has to be the artifact; none in a plain signature.
 * @throws VerificationError statement, artifact-digest
 */
export function verifyStatement(content: BundleContent, artifact: Artifact): Statement | undefined {
  if (content.kind !== 'dsse') return undefined;
  const { payload, payloadType } = content.envelope;
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE) {
    throw new VerificationError(
      'statement',
      `the envelope holds ${JSON.stringify(payloadType)}, it should hold ${IN_TOTO_PAYLOAD_TYPE}`,
    );
  }
  const statement = checking('statement', 'the envelope', () => parseStatement(payload));
  if (!statement.subjects.some((subject) => isSubject(subject, artifact))) {
    throw new VerificationError('artifact-digest', 'the artifact is not a subject of the statement');
  }
  return statement;
}

/** Every digest of the subject that can be compared has to be the artifact's, and there has to be one. */
function isSubject({ digest }: Subject, artifact: Artifact): boolean {
  const algorithms = (Object.keys(DIGEST_BYTES) as HashAlgorithm[]).filter(
    (algorithm) => digest.has(algorithm) && (artifact.kind === 'bytes' || artifact.algorithm === algorithm),
  );
  return (
    algorithms.length > 0 &&
    algorithms.every((algorithm) => digest.get(algorithm)?.toLowerCase() === toHex(artifactDigest(artifact, algorithm)))
  );
}
