import { sha256, toHex } from '#crypto';
import { equalBytes, utf8Encode } from '#libs/crypto';
import { formatVerifierKey, type VerifierKey } from '#libs/note';
import { isSameVerifierKey, type SignedHead } from './signed-head.js';

/** Of the ID: as many as nobody finds a second key for by accident. */
const FILE_NAME_DIGITS = 16;

/** That the holder of one key signed what no honest holder signs. It accuses that key only. */
export type Evidence = SameSize | DifferentSizes | LeafIndex;

interface Accusation {
  readonly accused: VerifierKey;
  /** The log that the signed statements are about; under an RFC 6962 key (0x05) the name of the key. */
  readonly origin: string;
}

/** Two trees of one size. */
export interface SameSize extends Accusation {
  readonly kind: 'same-size';
  /** Canonical heads, the one with the smaller root (byte by byte) first. */
  readonly notes: readonly [Uint8Array, Uint8Array];
}

/** Two trees of which the smaller one is no prefix of the larger one. */
export interface DifferentSizes extends Accusation {
  readonly kind: 'different-sizes';
  /** Canonical head of the smaller tree, at least one leaf. */
  readonly older: Uint8Array;
  /** Canonical head of the larger tree. */
  readonly newer: Uint8Array;
  /** The root that the larger tree has at the smaller one's size; not the one that was signed. */
  readonly root: Uint8Array;
  /** RFC 6962 §2.1.2: from `root` at the smaller size to the larger tree. A proof that fails would prove nothing. */
  readonly proof: readonly Uint8Array[];
}

/** An SCT that promises an entry at an index (static-ct-api, leaf_index), and a tree of the same log with another leaf there. */
export interface LeafIndex extends Accusation {
  readonly kind: 'leaf-index';
  /** SerializedSCT (RFC 6962 §3.3), an ECDSA signature with the smaller s. */
  readonly sct: Uint8Array;
  readonly entry: PromisedEntry;
  /** The leaf hash that the tree has at the index. */
  readonly leafHash: Uint8Array;
  /** RFC 6962 §2.1.1: from that leaf to the root. */
  readonly proof: readonly Uint8Array[];
  /** Canonical head of the tree. */
  readonly note: Uint8Array;
}

/** What an SCT is about: RFC 6962 §3.2's signed_entry. */
export type PromisedEntry =
  | { readonly kind: 'x509'; readonly certificate: Uint8Array }
  | { readonly kind: 'precert'; readonly issuerKeyHash: Uint8Array; readonly tbs: Uint8Array };

/** Two heads of one size as evidence; undefined if they don't contradict each other, or are not of one key and origin. */
export function sameSizeEvidence(one: SignedHead, other: SignedHead): SameSize | undefined {
  if (!isComparable(one, other)) return undefined;
  const [a, b] = [one.checkpoint, other.checkpoint];
  if (a.size !== b.size || equalBytes(a.root, b.root)) return undefined;
  const [first, second] = compareBytes(a.root, b.root) < 0 ? [one, other] : [other, one];
  return { kind: 'same-size', accused: one.key, origin: a.origin, notes: [first.note, second.note] };
}

/** Whether two heads are by one key about one log: only then they can contradict each other. */
export function isComparable(one: SignedHead, other: SignedHead): boolean {
  return isSameVerifierKey(one.key, other.key) && one.checkpoint.origin === other.checkpoint.origin;
}

/** SHA-256 of the accused verifier key as it is written, lowercase hex: one evidence for each is enough. */
export function accusedId(key: VerifierKey): string {
  return toHex(sha256(utf8Encode(formatVerifierKey(key))));
}

/** What a file with evidence is called, by `accusedId`. `copy`: of several about one key, from 1. */
export function evidenceFileName(id: string, copy: number = 1): string {
  return `${id.slice(0, FILE_NAME_DIGITS)}${copy === 1 ? '' : `-${copy}`}.evidence`;
}

/** Below 0: `a` comes first, byte by byte. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
