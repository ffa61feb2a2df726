import { MerkleError } from './error.js';
import { onesOf, requireSize, requireSubtree, splitPoint } from './range.js';
import { frontierRoot } from './tree.js';

/** The root of the complete subtree [index << level, (index + 1) << level): a leaf hash at level 0. */
export type NodeReader = (level: number, index: bigint) => Uint8Array | Promise<Uint8Array>;

/** The leaves [start, end): a subtree as RFC 6962 splits a tree. */
type Range = readonly [start: bigint, end: bigint];

/** The RFC 6962 §2.1.1 audit path of the leaf at `index` in the tree of `size` leaves. */
export async function proveInclusion(index: bigint, size: bigint, read: NodeReader): Promise<Uint8Array[]> {
  requireSize(size);
  return proveSubtreeInclusion(index, 0n, size, read);
}

/** The audit path of the leaf at `index` (counted in the whole tree) in the subtree [start, end). */
export async function proveSubtreeInclusion(
  index: bigint,
  start: bigint,
  end: bigint,
  read: NodeReader,
): Promise<Uint8Array[]> {
  requireSubtree(start, end, end);
  if (index < start || index >= end) {
    throw new MerkleError('index-out-of-range', `index ${index}: should be in [${start}, ${end})`);
  }
  return readRanges(inclusionRanges(index, [start, end]), read);
}

/** The RFC 6962 §2.1.2 proof from the tree of `size1` leaves to the tree of `size2` leaves; empty from size 0. */
export async function proveConsistency(size1: bigint, size2: bigint, read: NodeReader): Promise<Uint8Array[]> {
  requireSize(size2);
  if (size1 < 0n || size1 > size2) {
    throw new MerkleError('size-out-of-range', `no consistency proof leads from size ${size1} to size ${size2}`);
  }
  return proveSubtreeConsistency(0n, size1, size2, read);
}

/** The proof that the subtree [start, end) is in the tree of `size` leaves: draft-ietf-plants-merkle-tree-certs §4.4. */
export async function proveSubtreeConsistency(
  start: bigint,
  end: bigint,
  size: bigint,
  read: NodeReader,
): Promise<Uint8Array[]> {
  requireSubtree(start, end, size);
  return start === end ? [] : readRanges(consistencyRanges([start, end], size), read);
}

/** The root of the first `size` leaves, joined from the complete subtrees that they consist of. */
export async function treeRoot(size: bigint, read: NodeReader): Promise<Uint8Array> {
  requireSize(size);
  return readRange([0n, size], read);
}

/** From the root down to the leaf, the sibling at each split; then turned round, as the proof has the leaf's sibling first. */
function inclusionRanges(index: bigint, [start, end]: Range): Range[] {
  const ranges: Range[] = [];
  while (end - start > 1n) {
    const split = start + splitPoint(end - start);
    if (index < split) {
      ranges.push([split, end]);
      end = split;
    } else {
      ranges.push([start, split]);
      start = split;
    }
  }
  return ranges.reverse();
}

/** The same way down, to the subtree. `known`: what remains of it is still what the verifier has the root of. */
function consistencyRanges([start, end]: Range, size: bigint): Range[] {
  const ranges: Range[] = [];
  let known = true;
  let [low, high] = [0n, size];
  while (low !== start || high !== end) {
    const split = low + splitPoint(high - low);
    if (end <= split) {
      ranges.push([split, high]);
      high = split;
    } else {
      ranges.push([low, split]);
      if (start < split) {
        known = false;
        start = split;
      }
      low = split;
    }
  }
  if (!known) ranges.push([low, high]);
  return ranges.reverse();
}

async function readRanges(ranges: readonly Range[], read: NodeReader): Promise<Uint8Array[]> {
  return Promise.all(ranges.map((range) => readRange(range, read)));
}

/** A range at the tree's right edge need not be a complete subtree: its root is joined from those that it consists of. */
async function readRange([start, end]: Range, read: NodeReader): Promise<Uint8Array> {
  let from = start;
  const nodes = onesOf(end - start).map((level) => {
    const node = read(level, from >> BigInt(level));
    from += 1n << BigInt(level);
    return node;
  });
  return frontierRoot({ size: end - start, hashes: await Promise.all(nodes) });
}
