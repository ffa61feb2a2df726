import { equalBytes } from '#libs/crypto';
import { MerkleError } from './error.js';
import { EMPTY_ROOT, hashChildren } from './hash.js';
import { requireSize, requireSubtree, splitPoint } from './range.js';

/** The claim that the tree of `size1` leaves is a prefix of the tree of `size2` leaves, with an RFC 6962 §2.1.2 proof. */
export interface ConsistencyProof {
  readonly size1: bigint;
  readonly root1: Uint8Array;
  readonly size2: bigint;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The claim that `root1` is the root of the leaves [start, end) of the tree of `size` leaves that has `root2`. */
export interface SubtreeConsistencyProof {
  readonly start: bigint;
  readonly end: bigint;
  readonly size: bigint;
  readonly root1: Uint8Array;
  readonly root2: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Throws a MerkleError unless the proof holds: `size-out-of-range`, `malformed-hash`, `wrong-proof-length`, `root-mismatch`.
 * Between two sizes the first must not be 0: every tree is consistent with the empty one, so a proof would say nothing.
 */
export function verifyConsistency({ size1, root1, size2, root2, proof }: ConsistencyProof): void {
  requireSize(size2);
  if (size1 < 0n || size1 > size2 || (size1 === 0n && size2 !== 0n)) {
    throw new MerkleError('size-out-of-range', `no consistency proof leads from size ${size1} to size ${size2}`);
  }
  verifySubtreeConsistency({ start: 0n, end: size1, size: size2, root1, root2, proof });
  if (size2 === 0n) requireRoot(root2, EMPTY_ROOT, 'the empty tree');
}

/**
 * Throws a MerkleError unless the proof holds: draft-ietf-plants-merkle-tree-certs §4.4.
 * An empty subtree is consistent with every tree; there is nothing to compare `root2` with.
 */
export function verifySubtreeConsistency({ start, end, size, root1, root2, proof }: SubtreeConsistencyProof): void {
  requireSubtree(start, end, size);
  if (start === end) {
    requireProofLength(proof.length === 0, proof.length, size);
    requireRoot(root1, EMPTY_ROOT, 'the empty subtree');
    return;
  }

  let used = 0;
  const next = (): Uint8Array => {
    const hash = proof[used++];
    requireProofLength(hash !== undefined, proof.length, size);
    return hash as Uint8Array;
  };
  // SUBTREE_SUBPROOF(start, end, D[0:size], known), read from the inside out: gives the roots of [start, end) and of
  // D[0:size] by the proof. `known`: [start, end) is still the whole subtree that the verifier has the root of.
  const fold = (start: bigint, end: bigint, size: bigint, known: boolean): [subtree: Uint8Array, tree: Uint8Array] => {
    if (start === 0n && end === size) {
      const root = known ? root1 : next();
      return [root, root];
    }
    const split = splitPoint(size);
    if (end <= split) {
      const [subtree, tree] = fold(start, end, split, known);
      return [subtree, hashChildren(tree, next())];
    }
    if (start >= split) {
      const [subtree, tree] = fold(start - split, end - split, size - split, known);
      return [subtree, hashChildren(next(), tree)];
    }
    // A subtree that crosses the split starts at 0, and its left part is the tree's.
    const [subtree, tree] = fold(0n, end - split, size - split, false);
    const left = next();
    return [hashChildren(left, subtree), hashChildren(left, tree)];
  };

  const [subtree, tree] = fold(start, end, size, true);
  requireProofLength(used === proof.length, proof.length, size);
  requireRoot(root1, subtree, `the subtree [${start}, ${end})`);
  requireRoot(root2, tree, `the tree of size ${size}`);
}

function requireProofLength(right: boolean, length: number, size: bigint): void {
  if (!right)
    throw new MerkleError('wrong-proof-length', `consistency proof into size ${size}: not with ${length} hashes`);
}

function requireRoot(root: Uint8Array, proven: Uint8Array, of: string): void {
  if (!equalBytes(root, proven))
    throw new MerkleError('root-mismatch', `consistency proof leads to another root of ${of}`);
}
