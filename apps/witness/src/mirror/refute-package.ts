import { MerkleError, verifySubtreeConsistency } from '#libs/merkle';
import { packageRoot, type PackageRange, type TreeHead } from '#libs/tlog';

/**
 * Why the leaves [subtreeStart, end) of a package are not those of the tree of `head`; undefined when the proof shows that
 * they are: tlog-mirror, "add-entries", Processing. Those below `start` are held already.
 */
export function refutePackage(
  { subtreeStart, start, end }: PackageRange,
  leafHashes: readonly Uint8Array[],
  proof: readonly Uint8Array[],
  head: TreeHead,
): string | undefined {
  try {
    const root1 = packageRoot(leafHashes);
    verifySubtreeConsistency({ start: subtreeStart, end, size: head.size, root1, root2: head.root, proof });
    return undefined;
  } catch (error) {
    if (error instanceof MerkleError) return `the entries [${start}, ${end}): ${error.message}`;
    throw error;
  }
}
