import { equalBytes } from '#libs/crypto';
import { proveInclusion, verifyInclusion, type NodeReader } from '#libs/merkle';
import type { LeafIndex, PromisedEntry } from './evidence.js';
import { EvidenceError } from './error.js';
import { formatEvidence } from './format.js';
import { canonicalSct, leafPromise } from './leaf-promise.js';
import { reasonOf } from './relate.js';
import type { SignedHead } from './signed-head.js';

export type PromiseRelation =
  /** The promised leaf is at its index. */
  | { readonly kind: 'kept'; readonly proof: readonly Uint8Array[] }
  | { readonly kind: 'equivocation'; readonly evidence: LeafIndex }
  /** Nothing is known: the tree does not reach the index yet, or whoever serves it may be at fault. */
  | { readonly kind: 'unproven'; readonly reason: string };

/**
 * Looks whether a log kept the promise of an SCT, in the tree of a head of the same key (0x05). `read` is believed nothing:
 * the leaf that it gives must lead to the head's root. A reader that throws leaves the promise unproven.
 * @throws EvidenceError invalid-sct, unsupported-key for an SCT that is not the log's, or that names no index
 */
export async function relatePromise(
  sct: Uint8Array,
  entry: PromisedEntry,
  head: SignedHead,
  read: NodeReader,
): Promise<PromiseRelation> {
  const { key: accused, note } = head;
  const { origin, size, root } = head.checkpoint;
  const { index, leafHash: promised } = leafPromise(accused, sct, entry);
  if (index >= size) return { kind: 'unproven', reason: `the tree of size ${size} has no index ${index} yet` };

  let leafHash: Uint8Array;
  let proof: readonly Uint8Array[];
  try {
    leafHash = await read(0, index);
    proof = await proveInclusion(index, size, read);
    verifyInclusion({ index, size, leafHash, proof, root });
  } catch (error) {
    return { kind: 'unproven', reason: `no proof of the leaf at index ${index} in size ${size}: ${reasonOf(error)}` };
  }
  if (equalBytes(leafHash, promised)) return { kind: 'kept', proof };
  const evidence = {
    kind: 'leaf-index',
    accused,
    origin,
    sct: canonicalSct(accused, sct) ?? sct,
    entry,
    leafHash,
    proof,
    note,
  } as const;
  return isTooLarge(evidence)
    ? {
        kind: 'unproven',
        reason: `the leaf at index ${index} is another one, but the evidence of it would be too large`,
      }
    : { kind: 'equivocation', evidence };
}

/** Certificates may have 16 MB, and evidence must be small enough to be passed on. */
function isTooLarge(evidence: LeafIndex): boolean {
  try {
    formatEvidence(evidence);
    return false;
  } catch (error) {
    if (error instanceof EvidenceError) return true;
    throw error;
  }
}
