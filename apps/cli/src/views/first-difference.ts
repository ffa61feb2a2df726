import { equalBytes } from '#libs/crypto';
import { proveInclusion, verifyInclusion, type NodeReader } from '#libs/merkle';

/** A tree that somebody signed, and where its nodes are read. */
export interface ReadableTree {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly read: NodeReader;
}

/**
 * The index of the first leaf that two trees have not in common, in O(log n) reads: proven in both trees to be another
 * leaf. That those before it are the same is what the readers say. Undefined when there is none below both sizes, or when a
 * reader fails or serves another tree.
 */
export async function firstDifference(a: ReadableTree, b: ReadableTree): Promise<bigint | undefined> {
  try {
    const index = await descend(a, b);
    if (index === undefined) return undefined;
    const [one, other] = await Promise.all([provenLeaf(a, index), provenLeaf(b, index)]);
    return equalBytes(one, other) ? undefined : index;
  } catch {
    return undefined; // nothing depends on it
  }
}

async function descend(a: ReadableTree, b: ReadableTree): Promise<bigint | undefined> {
  const size = a.size < b.size ? a.size : b.size;
  const differs = async (level: number, index: bigint): Promise<boolean> => {
    const [one, other] = await Promise.all([a.read(level, index), b.read(level, index)]);
    return !equalBytes(one, other);
  };
  let start = 0n;
  // The complete subtrees that the leaves below the smaller size consist of, largest first.
  for (let level = size.toString(2).length - 1; level >= 0; level--) {
    if (((size >> BigInt(level)) & 1n) === 0n) continue;
    if (await differs(level, start >> BigInt(level))) {
      let index = start >> BigInt(level);
      for (let below = level - 1; below >= 0; below--) {
        index = (await differs(below, index * 2n)) ? index * 2n : index * 2n + 1n;
      }
      return index;
    }
    start += 1n << BigInt(level);
  }
  return undefined;
}

/** @throws MerkleError when the tree is not the one that was signed */
async function provenLeaf({ size, root, read }: ReadableTree, index: bigint): Promise<Uint8Array> {
  const leafHash = await read(0, index);
  verifyInclusion({ index, size, leafHash, proof: await proveInclusion(index, size, read), root });
  return leafHash;
}
