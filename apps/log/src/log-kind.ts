import type { NoteSigner, NoteVerifier } from '#libs/note';
import type { KindName } from './events.js';

/** 32 bytes of a hash, as a latin1 string: what a Map compares fastest. */
export type DedupeKey = string;

export interface LeafKeys {
  readonly hash: Uint8Array;
  readonly dedupeKey: DedupeKey;
}

export function dedupeKeyFrom(hash: Uint8Array): DedupeKey {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('latin1');
}

/**
 * What differs between a signature log (rekor) and a certificate log (ct): the engine is the same. A submission is what
 * was admitted; its leaf exists once it has an index.
 */
export interface LogKind<Submission> {
  readonly name: KindName;
  /** The same submission has the same key, however often it comes; the answer is then the same index. */
  readonly dedupeKey: (submission: Submission) => DedupeKey;
  readonly encodeLeaf: (submission: Submission, index: bigint, sequencedAtMs: bigint) => Uint8Array;
  /** Leaves as they stand in an event and in a data tile or entry bundle. */
  readonly joinLeaves: (leaves: readonly Uint8Array[]) => Uint8Array;
  /** The inverse of `joinLeaves`, for committed bytes. */
  readonly splitLeaves: (data: Uint8Array) => readonly Uint8Array[];
  readonly readLeaf: (leaf: Uint8Array) => LeafKeys;
  /** Where the bundle of 256 leaves (or `width` of them) is served. */
  readonly bundlePath: (index: bigint, width: number) => string;
  /** Signs a checkpoint whose time is `timestampMs`. */
  readonly noteSigner: (timestampMs: bigint) => NoteSigner;
  readonly noteVerifier: NoteVerifier;
  /** Whether a checkpoint waits for its quorum, or is published as soon as it is signed and again when it is cosigned. */
  readonly cosigned: 'before-publication' | 'after-publication';
  /** SHA-256 of the key, or the C2SP key hash: what names the log in bundles and SCTs. */
  readonly logId: Uint8Array;
}
