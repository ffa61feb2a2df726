import { EMPTY_ROOT, hashChildren, hashLeaf, type NodeReader } from '#libs/merkle';

/** RFC 6962 §2.1 word by word: slow, and the measure of everything that is faster. */
export function naiveRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  const [first] = leafHashes;
  if (first === undefined) return EMPTY_ROOT;
  if (leafHashes.length === 1) return first;
  let split = 1;
  while (split * 2 < leafHashes.length) split *= 2;
  return hashChildren(naiveRoot(leafHashes.slice(0, split)), naiveRoot(leafHashes.slice(split)));
}

/** The nodes of that tree; it refuses to read a subtree that is not complete in it. */
export function naiveReader(leafHashes: readonly Uint8Array[]): NodeReader {
  return (level, index) => {
    const start = Number(index) * 2 ** level;
    const end = start + 2 ** level;
    if (end > leafHashes.length) throw new Error(`[${start}, ${end}) is not complete in ${leafHashes.length} leaves`);
    return naiveRoot(leafHashes.slice(start, end));
  };
}

/** The leaf hashes of `count` different entries. */
export function leafHashesOf(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => hashLeaf(Uint8Array.of(i >> 16, i >> 8, i)));
}
