import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { VerificationError, verifyBundle, type Artifact, type Bundle, type Verification } from '#libs/verify';
import { digestArgument, hashFile, unreadable } from './artifact.js';
import type { Context } from './context.js';
import type { DemandedSigner } from './demanded-signer.js';
import type { PolicyFile } from './policy-file.js';
import type { Trust } from './trust-config.js';

export interface VerifyTerms {
  readonly trust: Trust;
  readonly policy: PolicyFile | undefined;
  readonly signer: DemandedSigner;
}

/**
 * Verifies a bundle for a file or a `sha256:…` digest. Opens no socket. An error about the identity is thrown only if
 * everything else verifies, so that what it says of the signer is true.
 * @throws VerificationError, Failure usage
 */
export async function verifyFile(
  file: string,
  bundle: Bundle,
  { trust, policy, signer }: VerifyTerms,
  context: Context,
): Promise<Verification> {
  const terms = {
    bundle,
    artifact: await readArtifact(file, bundle, context),
    trustedRoot: trust.trustedRoot,
    now: context.io.now(),
  };
  try {
    return verifyBundle({
      ...terms,
      ...(policy && { policy: policy.policy }),
      ...(signer.kind === 'identity' && { identity: signer }),
      ...(signer.kind === 'key' && { publicKey: signer.publicKey }),
    });
  } catch (error) {
    const identity = error instanceof VerificationError ? error.identity : undefined;
    if (identity !== undefined) {
      // Without the policy: a missing quorum is nothing against what is said of the signer.
      verifyBundle({ ...terms, identity: { subject: identity.subject.value, issuer: identity.issuer } });
    }
    throw error;
  }
}

/** A file is hashed as it streams, by the algorithm that the bundle names. */
async function readArtifact(file: string, bundle: Bundle, context: Context): Promise<Artifact> {
  const given = digestArgument(file, context);
  if (given !== undefined) return { kind: 'digest', algorithm: 'sha256', digest: given };
  const algorithm = bundle.content.kind === 'dsse' ? 'sha256' : bundle.content.digestAlgorithm;
  if (algorithm !== undefined) return { kind: 'digest', algorithm, digest: await hashFile(file, algorithm, context) };
  // Only the key tells by now, and old signers that name none sign small things.
  const bytes = await readFile(resolve(context.io.cwd, file)).catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  return { kind: 'bytes', bytes: new Uint8Array(bytes) };
}
