import { equalBytes, utf8Encode } from '#libs/crypto';
import { parseEntry, type LoggedEntry } from '#libs/entry';
import { hashLeaf, verifyInclusion } from '#libs/merkle';
import { evaluatePolicy, type CosignedBy, type TlogPolicy } from '#libs/tlog';
import { openLogCheckpoint } from './checkpoint.js';
import { verifyEntryBody, type Signed } from './entry-body.js';
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
  readonly checkpoint?: { readonly origin: string; readonly size: bigint };
  /** The witnesses of the policy that cosigned the checkpoint. */
  readonly witnesses: readonly CosignedBy[];
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
  return { index: entry.logIndex, log, body, ...verifyEntryInclusion(entry, log, policy) };
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
  policy: TlogPolicy | undefined,
): Pick<VerifiedEntry, 'checkpoint' | 'witnesses'> {
  if (!proof?.checkpoint) {
    // A bundle of version 0.1 may rest on the promise, which was verified with the times.
    if (inclusionPromise) return { witnesses: [] };
    throw new VerificationError('inclusion-proof', 'there is no proof that the log includes the entry');
  }
  // Rekor v1 counts entries over all its shards, and has that under its promise.
  if (!inclusionPromise && logIndex !== proof.logIndex) {
    throw new VerificationError(
      'inclusion-proof',
      `the proof is for the entry at ${proof.logIndex}, the bundle says ${logIndex}`,
    );
  }
  const { origin, size, root } = openLogCheckpoint(proof.checkpoint, log);
  if (size !== proof.treeSize || !equalBytes(root, proof.rootHash)) {
    throw new VerificationError('checkpoint', `the checkpoint of ${origin} at size ${size} is not of the proof's tree`);
  }
  checking('inclusion-proof', `the entry in ${origin}`, () =>
    verifyInclusion({ index: proof.logIndex, size, leafHash: hashLeaf(canonicalizedBody), proof: proof.hashes, root }),
  );
  const witnesses = policy ? evaluatePolicy(policy, utf8Encode(proof.checkpoint)).witnesses : [];
  return { checkpoint: { origin, size }, witnesses };
}
