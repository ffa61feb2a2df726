import { equalBytes } from '#libs/crypto';
import { MerkleError } from './error.js';
import { hashChildren, requireHash } from './hash.js';
import { bitLength, onesOf, requireSize, requireSubtree } from './range.js';

/** An RFC 6962 §2.1.1 audit path: `proof` is the leaf's sibling first, the root's child last. */
export interface InclusionProof {
  readonly index: bigint;
  readonly size: bigint;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** An inclusion proof in the subtree [start, end) of some tree: draft-ietf-plants-merkle-tree-certs §4.3. */
export interface SubtreeInclusionProof {
  readonly index: bigint;
  readonly start: bigint;
  readonly end: bigint;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * The root that the proof leads to. It proves nothing until it is compared with a root that is trusted.
 * Throws `size-out-of-range`, `index-out-of-range`, `malformed-hash`, `wrong-proof-length`.
 */
export function inclusionRoot({ index, size, leafHash, proof }: InclusionProof): Uint8Array {
  requireSize(size);
  if (index < 0n || index >= size) {
    throw new MerkleError('index-out-of-range', `index ${index}: should be below the tree size ${size}`);
  }
  requireHash(leafHash);

  // Up to the height where the way up from the leaf meets the way up from the last leaf, siblings are on either side.
  // From there on the node is the last of its row: it has a sibling only where it is a right child.
  const inner = bitLength(index ^ (size - 1n));
  const border = onesOf(index >> BigInt(inner)).length;
  if (proof.length !== inner + border) {
    throw new MerkleError(
      'wrong-proof-length',
      `inclusion proof of index ${index} in size ${size}: ${proof.length} hashes, should be ${inner + border}`,
    );
  }
  return proof.reduce(
    (node, sibling, height) =>
      height >= inner || ((index >> BigInt(height)) & 1n) === 1n
        ? hashChildren(sibling, node)
        : hashChildren(node, sibling),
    leafHash,
  );
}

/** Throws a MerkleError unless the leaf is at `index` of the tree of `size` leaves that has `root`. */
export function verifyInclusion(claim: InclusionProof & { readonly root: Uint8Array }): void {
  requireInclusionRoot(inclusionRoot(claim), claim.root, claim.index);
}

/** Throws a MerkleError unless the leaf at `index` (counted in the whole tree) is in the subtree [start, end) that has `root`. */
export function verifySubtreeInclusion(claim: SubtreeInclusionProof & { readonly root: Uint8Array }): void {
  const { index, start, end, leafHash, proof, root } = claim;
  requireSubtree(start, end, end);
  requireInclusionRoot(inclusionRoot({ index: index - start, size: end - start, leafHash, proof }), root, index);
}

function requireInclusionRoot(computed: Uint8Array, root: Uint8Array, index: bigint): void {
  if (!equalBytes(computed, root)) {
    throw new MerkleError('root-mismatch', `inclusion proof of index ${index} leads to another root`);
  }
}
