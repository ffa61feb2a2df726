import { toBase64 } from '#crypto';
import { readMessage, type MessageReader } from '#libs/entry';
import { VerificationError } from './verification-error.js';

/** RFC 6962: a path through a tree of less than 2^63 leaves. */
const PROOF_HASHES_MAX = 63;

/** dev.sigstore.rekor.v1.TransparencyLogEntry: an element of a bundle, and what a Rekor v2 log answers. */
export interface TlogEntry {
  /** In Rekor v1 counted over all shards, in v2 in this log. */
  readonly logIndex: bigint;
  readonly logId: Uint8Array;
  readonly kind: string;
  readonly version: string;
  /** Unix seconds; 0 in Rekor v2. */
  readonly integratedTime: bigint;
  /** Rekor v1's signed entry timestamp. */
  readonly inclusionPromise?: Uint8Array;
  readonly inclusionProof?: InclusionProof;
  /** The leaf. */
  readonly canonicalizedBody: Uint8Array;
}

export interface InclusionProof {
  readonly logIndex: bigint;
  readonly rootHash: Uint8Array;
  readonly treeSize: bigint;
  readonly hashes: readonly Uint8Array[];
  /** A signed note; empty in some bundles of version 0.1. */
  readonly checkpoint: string;
}

/** Reads the answer of a log. @throws VerificationError malformed-bundle */
export function parseTlogEntry(json: unknown): TlogEntry {
  const refuse = (message: string, cause?: unknown): Error =>
    new VerificationError('malformed-bundle', message, { cause });
  return readMessage(json, { name: 'log entry', refuse, unknownFields: 'ignore' }, readTlogEntry);
}

export function readTlogEntry(message: MessageReader): TlogEntry {
  const inclusionPromise = message.message('inclusionPromise', (promise) =>
    promise.requiredBytes('signedEntryTimestamp'),
  );
  const inclusionProof = message.message('inclusionProof', readInclusionProof);
  return {
    logIndex: message.int64('logIndex'),
    logId: message.requiredMessage('logId', (id) => id.requiredBytes('keyId')),
    ...message.requiredMessage('kindVersion', (kindVersion) => ({
      kind: kindVersion.requiredString('kind'),
      version: kindVersion.requiredString('version'),
    })),
    integratedTime: message.int64('integratedTime'),
    ...(inclusionPromise && { inclusionPromise }),
    ...(inclusionProof && { inclusionProof }),
    canonicalizedBody: message.requiredBytes('canonicalizedBody'),
  };
}

function readInclusionProof(message: MessageReader): InclusionProof {
  return {
    logIndex: message.int64('logIndex'),
    rootHash: message.requiredBytes('rootHash'),
    treeSize: message.int64('treeSize'),
    hashes: message.bytesList('hashes', PROOF_HASHES_MAX),
    checkpoint: message.message('checkpoint', (checkpoint) => checkpoint.string('envelope')) ?? '',
  };
}

/** The JSON of an entry, as Rekor v2 answers: every field is there, integers of 64 bits are strings. */
export function formatTlogEntry(entry: TlogEntry): object {
  const { inclusionPromise, inclusionProof } = entry;
  return {
    logIndex: String(entry.logIndex),
    logId: { keyId: toBase64(entry.logId) },
    kindVersion: { kind: entry.kind, version: entry.version },
    integratedTime: String(entry.integratedTime),
    inclusionPromise: inclusionPromise ? { signedEntryTimestamp: toBase64(inclusionPromise) } : null,
    inclusionProof: inclusionProof ? formatInclusionProof(inclusionProof) : null,
    canonicalizedBody: toBase64(entry.canonicalizedBody),
  };
}

export function formatInclusionProof({ logIndex, rootHash, treeSize, hashes, checkpoint }: InclusionProof): object {
  return {
    logIndex: String(logIndex),
    rootHash: toBase64(rootHash),
    treeSize: String(treeSize),
    hashes: hashes.map(toBase64),
    checkpoint: { envelope: checkpoint },
  };
}
