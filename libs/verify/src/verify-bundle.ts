import type { Identity } from '#libs/certificate';
import type { PublicKey } from '#libs/crypto';
import type { Statement } from '#libs/entry';
import type { TlogPolicy } from '#libs/tlog';
import type { Artifact } from './artifact.js';
import { verifyStatement } from './attestation.js';
import type { Bundle } from './bundle.js';
import { verifyCertificatePath } from './certificate-path.js';
import { verifySct } from './certificate-transparency.js';
import { refuseDuplicates } from './duplicate-evidence.js';
import { verifyIdentity, type IdentityPolicy } from './identity-policy.js';
import { verifyLogEntry, type VerifiedEntry } from './log-entry.js';
import { verifySignature } from './signature.js';
import { quorumSummary, type QuorumVerdict } from './quorum.js';
import { signerOf } from './signer.js';
import { establishTimes, type VerifiedTime } from './times.js';
import type { TrustedRoot } from './trusted-root.js';
import { VerificationError } from './verification-error.js';

export interface VerifyBundleInput {
  readonly bundle: Bundle;
  readonly artifact: Artifact;
  readonly trustedRoot: TrustedRoot;
  /** Whose certificate it should be; required where the bundle has one. */
  readonly identity?: IdentityPolicy;
  /** The signer's key; required where the bundle has no certificate. */
  readonly publicKey?: PublicKey;
  /** Whose cosignatures are demanded (C2SP tlog-policy); without it no witness is looked at. */
  readonly policy?: TlogPolicy;
  /** Only what Rekor v1 states of its time is compared with it. */
  readonly now: Date;
}

/** Who signed the artifact, when, and where that is on record. */
export interface Verification {
  readonly identity?: Identity;
  readonly publicKey: PublicKey;
  /** At least one. */
  readonly times: readonly VerifiedTime[];
  /** The first of the bundle's entries that has the quorum of the policy; all of them verified. */
  readonly entry: VerifiedEntry;
  /** Of that entry's checkpoint, met; undefined without a policy. */
  readonly quorum?: QuorumVerdict;
  /** Of an attestation. */
  readonly statement?: Statement;
}

/**
 * Verifies a bundle, offline, in the steps of the Sigstore client specification (architecture-docs: client-spec.md §4).
 * @throws VerificationError whose code names the first check that failed
 */
export function verifyBundle(input: VerifyBundleInput): Verification {
  const { bundle, artifact, trustedRoot, policy, now } = input;
  // 1. Material: a certificate, or the key of the caller.
  const signer = signerOf(bundle.material, input.publicKey);
  // 2. Time: when did the signature exist?
  const times = establishTimes(bundle, trustedRoot, now);
  // 3. to 5. The certificate was valid then, is on record, and is of whom the caller expects.
  let identity: Identity | undefined;
  if (signer.certificate) {
    const issuer = verifyCertificatePath(signer.certificate, trustedRoot.certificateAuthorities, times);
    verifySct(signer.certificate, issuer, trustedRoot.ctlogs);
    identity = verifyIdentity(signer.certificate, input.identity);
  } else if (input.identity) {
    throw new VerificationError('identity', 'the bundle is signed by a key, which has no identity');
  }
  // 6. Log: a trusted log includes an entry about this very signature.
  const signed = { content: bundle.content, artifact, signer };
  const context = { logs: trustedRoot.tlogs, times, signed, policy };
  const entries = bundle.tlogEntries.map((candidate) => verifyLogEntry(candidate, context));
  const [first] = entries;
  if (!first) throw new VerificationError('no-log-entry', 'the bundle has no log entry');
  // 7. Signature: it verifies over the artifact, or over a statement about the artifact.
  for (const { body } of entries) verifySignature(body, signed);
  const statement = verifyStatement(bundle.content, artifact);
  // 8. Thresholds: the same evidence twice is not more of it.
  refuseDuplicates(bundle);
  // 9. Witnesses, last: a quorum that is missing must not hide a signature that is wrong.
  const entry = policy ? requireQuorum(entries) : first;

  return {
    ...(identity && { identity }),
    publicKey: signer.publicKey,
    times,
    entry,
    ...(entry.quorum && { quorum: entry.quorum }),
    ...(statement && { statement }),
  };
}

/** One entry with a quorum is enough: it alone shows that the signature is where everybody can see it. */
function requireQuorum(entries: readonly VerifiedEntry[]): VerifiedEntry {
  const entry = entries.find(({ quorum }) => quorum?.met);
  if (entry) return entry;
  const verdicts = entries.flatMap(({ quorum, checkpoint }) => (quorum ? [{ quorum, checkpoint }] : []));
  const said = verdicts.map(({ quorum, checkpoint }) => {
    const of = checkpoint
      ? `the checkpoint of ${checkpoint.origin} at size ${checkpoint.size}`
      : 'an entry without one';
    return `${of}: ${quorumSummary(quorum)}`;
  });
  throw new VerificationError('quorum', `the witness quorum is not met: ${said.join('; ')}`, {
    ...(verdicts[0] && { quorum: verdicts[0].quorum }),
  });
}
