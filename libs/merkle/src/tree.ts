import { MerkleError } from './error.js';
import { EMPTY_ROOT, hashChildren, requireHash } from './hash.js';
import { onesOf, requireSize } from './range.js';

/**
 * All that is needed of a tree to append to it and to know its root: the roots of the complete subtrees that it
 * consists of, largest (leftmost) first. Their sizes are the powers of two that make up `size`: 13 = 8 + 4 + 1.
 */
export interface Frontier {
  readonly size: bigint;
  readonly hashes: readonly Uint8Array[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0n, hashes: [] };

/**
 * The frontier after `leafHashes` (made by `hashLeaf`) were appended; one inner hash per leaf on average.
 * Throws `malformed-frontier`, `malformed-hash`, `size-out-of-range`.
 */
export function appendLeafHashes(frontier: Frontier, leafHashes: readonly Uint8Array[]): Frontier {
  const size = frontier.size + BigInt(leafHashes.length);
  requireSize(size);
  const heights = requireFrontier(frontier);
  const hashes = [...frontier.hashes];
  for (const leafHash of leafHashes) {
    requireHash(leafHash);
    let hash = leafHash;
    let height = 0;
    // Two neighbours of one height are the children of the next: a carry, as in binary addition.
    for (; heights.at(-1) === height; height++) {
      heights.pop();
      hash = hashChildren(hashes.pop() as Uint8Array, hash);
    }
    heights.push(height);
    hashes.push(hash);
  }
  return { size, hashes };
}

/** The root of the tree, RFC 6962 §2.1. Throws `malformed-frontier`. */
export function frontierRoot(frontier: Frontier): Uint8Array {
  requireFrontier(frontier);
  // The smallest subtrees hang lowest, so that they are joined first.
  return frontier.hashes.length === 0
    ? EMPTY_ROOT
    : frontier.hashes.reduceRight((right, left) => hashChildren(left, right));
}

function requireFrontier(frontier: Frontier): number[] {
  requireSize(frontier.size);
  const heights = onesOf(frontier.size);
  if (heights.length !== frontier.hashes.length) {
    throw new MerkleError(
      'malformed-frontier',
      `a frontier of size ${frontier.size} has ${heights.length} hashes, not ${frontier.hashes.length}`,
    );
  }
  return heights;
}
