import { equalBytes } from '#libs/crypto';
import { parseEntry, type LoggedEntry } from '#libs/entry';
import { hashLeaf, verifyInclusion } from '#libs/merkle';
import type { Checkpoint, TlogPolicy } from '#libs/tlog';
import { openLogCheckpoint } from './checkpoint.js';
import { verifyEntryBody, type Signed } from './entry-body.js';
import { judgeQuorum, type QuorumVerdict } from './quorum.js';
import type { VerifiedTime } from './times.js';
import type { TlogEntry } from './tlog-entry.js';
import { requireLogValidity, trustedLog } from './trusted-log.js';
import type { TransparencyLog } from './trusted-root.js';
import { checking, VerificationError } from './verification-error.js';

/** An entry about the signature in a trusted log. */
export interface VerifiedEntry {
  readonly index: bigint;
  readonly log: TransparencyLog;
  readonly body: LoggedEntry;
  /** What the log has signed of the tree that includes it; none with Rekor v1's bare promise (bundles of version 0.1). */
  readonly checkpoint?: Checkpoint;
  /** How the checkpoint stands under the policy; undefined without one. */
  readonly quorum?: QuorumVerdict;
}

export interface LogEntryContext {
  readonly logs: readonly TransparencyLog[];
  readonly times: readonly VerifiedTime[];
  readonly signed: Signed;
  readonly policy: TlogPolicy | undefined;
}

/** @throws VerificationError unknown-log, log-validity, canonical-body, artifact-digest, checkpoint, inclusion-proof */
export function verifyLogEntry(entry: TlogEntry, { logs, times, signed, policy }: LogEntryContext): VerifiedEntry {
  const log = trustedLog(logs, entry.logId);
  requireLogValidity(log, times);
  const body = readBody(entry);
  verifyEntryBody(body, signed);
  const checkpoint = verifyEntryInclusion(entry, log);
  return {
    index: entry.logIndex,
    log,
    body,
    ...(checkpoint && { checkpoint }),
    ...(policy && { quorum: judgeQuorum(policy, entry.inclusionProof?.checkpoint || undefined) }),
  };
}

/** What the proof of an entry shows, whatever the entry is about: a trusted log has it in the tree of this checkpoint. */
export interface VerifiedInclusion {
  readonly log: TransparencyLog;
  /** Undefined of Rekor v1's bare promise, which is not verified here. */
  readonly checkpoint: Checkpoint | undefined;
}

/** @throws VerificationError unknown-log, checkpoint, inclusion-proof */
export function verifyTlogInclusion(entry: TlogEntry, logs: readonly TransparencyLog[]): VerifiedInclusion {
  const log = trustedLog(logs, entry.logId);
  return { log, checkpoint: verifyEntryInclusion(entry, log) };
}

function readBody({ canonicalizedBody, kind, version }: TlogEntry): LoggedEntry {
  const body = checking('canonical-body', 'the log entry', () => parseEntry(canonicalizedBody));
  if (body.kind === kind && body.apiVersion === version) return body;
  throw new VerificationError(
    'canonical-body',
    `the log entry is a ${body.kind} ${body.apiVersion}, the bundle says ${kind} ${version}`,
  );
}

function verifyEntryInclusion(
  { logIndex, inclusionPromise, inclusionProof: proof, canonicalizedBody }: TlogEntry,
  log: TransparencyLog,
): Checkpoint | undefined {
  if (!proof?.checkpoint) {
    // A bundle of version 0.1 may rest on the promise, which was verified with the times.
    if (inclusionPromise) return undefined;
    throw new VerificationError('inclusion-proof', 'there is no proof that the log includes the entry');
  }
  // Rekor v1 counts entries over all its shards, and has that under its promise.
  if (!inclusionPromise && logIndex !== proof.logIndex) {
    throw new VerificationError(
      'inclusion-proof',
      `the proof is for the entry at ${proof.logIndex}, the bundle says ${logIndex}`,
    );
  }
  const checkpoint = openLogCheckpoint(proof.checkpoint, log);
  const { origin, size, root } = checkpoint;
  if (size !== proof.treeSize || !equalBytes(root, proof.rootHash)) {
    throw new VerificationError('checkpoint', `the checkpoint of ${origin} at size ${size} is not of the proof's tree`);
  }
  checking('inclusion-proof', `the entry in ${origin}`, () =>
    verifyInclusion({ index: proof.logIndex, size, leafHash: hashLeaf(canonicalizedBody), proof: proof.hashes, root }),
  );
  return checkpoint;
}
