import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { leafHashesOf, naiveReader, naiveRoot } from '../../../test/naive-tree.js';
import {
  EMPTY_ROOT,
  MAX_SIZE,
  MerkleError,
  proveConsistency,
  proveInclusion,
  proveSubtreeConsistency,
  proveSubtreeInclusion,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from './index.js';

const SIZE = 300;
const leaves = leafHashesOf(SIZE);
const roots = Array.from({ length: SIZE + 1 }, (_, size) => naiveRoot(leaves.slice(0, size)));
const read = naiveReader(leaves);

const rootAt = (size: number): Uint8Array => roots[size] as Uint8Array;
const leafAt = (index: number): Uint8Array => leaves[index] as Uint8Array;
const sizes = Array.from({ length: SIZE }, (_, i) => i + 1);
const code = (name: string): unknown => expect.objectContaining({ code: name });

/** Ways to break a proof in one place: what one of its hashes becomes. */
const mutations: Record<string, (hash: Uint8Array) => Uint8Array[]> = {
  'a bit flipped': (hash) => [flipped(hash)],
  'a hash removed': () => [],
  'a hash doubled': (hash) => [hash, hash],
  'a hash cut': (hash) => [hash.subarray(1)],
  'a hash stretched': (hash) => [new Uint8Array([...hash, 0])],
};
const mutation = fc.constantFrom(...Object.entries(mutations));

function flipped(hash: Uint8Array): Uint8Array {
  return hash.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
}

const subtree = fc
  .record({ height: fc.nat({ max: 7 }), block: fc.nat(), width: fc.nat(), extra: fc.nat() })
  .map(({ height, block, width, extra }) => {
    // A subtree that needs 2^height slots has from 2^(height - 1) + 1 to 2^height leaves and starts at a multiple of 2^height.
    const span = 2 ** height;
    const count = height === 0 ? 1 : span / 2 + 1 + (width % (span / 2));
    const start = (block % Math.floor(SIZE / span)) * span;
    const size = start + count + (extra % (SIZE - start - count + 1));
    return { start, end: start + count, size };
  });

describe('inclusion', () => {
  test('what proveInclusion makes is verified for every leaf of every size up to 300', async () => {
    for (const size of sizes) {
      for (let index = 0; index < size; index += 1 + (size >> 4)) {
        const proof = await proveInclusion(BigInt(index), BigInt(size), read);
        verifyInclusion({
          index: BigInt(index),
          size: BigInt(size),
          leafHash: leafAt(index),
          proof,
          root: rootAt(size),
        });
      }
    }
  });

  test('a mutated proof is refused', async () => {
    const any = fc.record({ size: fc.integer({ min: 2, max: SIZE }), index: fc.nat(), at: fc.nat(), mutation });
    const property = fc.asyncProperty(any, async ({ size, index: i, at, mutation: [, change] }) => {
      const index = i % size;
      const proof = await proveInclusion(BigInt(index), BigInt(size), read);
      const broken = proof.flatMap((hash, i) => (i === at % proof.length ? change(hash) : [hash]));
      const claim = { index: BigInt(index), size: BigInt(size), leafHash: leafAt(index), root: rootAt(size) };
      expect(() => verifyInclusion({ ...claim, proof: broken })).toThrow(MerkleError);
    });
    await fc.assert(property);
  });

  test('a proof for another index is refused', async () => {
    const proof = await proveInclusion(5n, 8n, read);
    expect(() => verifyInclusion({ index: 4n, size: 8n, leafHash: leafAt(5), proof, root: rootAt(8) })).toThrow(
      code('root-mismatch'),
    );
  });

  test('an index at the size is refused', async () => {
    await expect(proveInclusion(8n, 8n, read)).rejects.toThrow(code('index-out-of-range'));
    expect(() => verifyInclusion({ index: 8n, size: 8n, leafHash: leafAt(0), proof: [], root: rootAt(8) })).toThrow(
      code('index-out-of-range'),
    );
  });

  test('a negative index is refused', () => {
    expect(() => verifyInclusion({ index: -1n, size: 1n, leafHash: leafAt(0), proof: [], root: rootAt(1) })).toThrow(
      code('index-out-of-range'),
    );
  });

  test('a size above 2^63 - 1 is refused', () => {
    const size = MAX_SIZE + 1n;
    expect(() => verifyInclusion({ index: 0n, size, leafHash: leafAt(0), proof: [], root: rootAt(1) })).toThrow(
      code('size-out-of-range'),
    );
  });

  test('subtree proofs that are made are verified', async () => {
    const property = fc.asyncProperty(subtree, fc.nat(), async ({ start, end }, i) => {
      const index = start + (i % (end - start));
      const range = { index: BigInt(index), start: BigInt(start), end: BigInt(end) };
      const proof = await proveSubtreeInclusion(range.index, range.start, range.end, read);
      const root = naiveRoot(leaves.slice(start, end));
      verifySubtreeInclusion({ ...range, leafHash: leafAt(index), proof, root });
    });
    await fc.assert(property);
  });
});

describe('consistency', () => {
  test('what proveConsistency makes is verified between every two of the sizes up to 300', async () => {
    for (const size2 of sizes) {
      for (let size1 = 1; size1 <= size2; size1 += 1 + (size2 >> 4)) {
        const proof = await proveConsistency(BigInt(size1), BigInt(size2), read);
        const claim = { size1: BigInt(size1), root1: rootAt(size1), size2: BigInt(size2), root2: rootAt(size2) };
        verifyConsistency({ ...claim, proof });
      }
    }
  });

  test('a mutated proof is refused', async () => {
    const any = fc.record({ size1: fc.nat(), size2: fc.integer({ min: 2, max: SIZE }), at: fc.nat(), mutation });
    const property = fc.asyncProperty(any, async ({ size1: i, size2, at, mutation: [, change] }) => {
      const size1 = 1 + (i % (size2 - 1));
      const proof = await proveConsistency(BigInt(size1), BigInt(size2), read);
      const broken = proof.flatMap((hash, i) => (i === at % proof.length ? change(hash) : [hash]));
      const claim = { size1: BigInt(size1), root1: rootAt(size1), size2: BigInt(size2), root2: rootAt(size2) };
      expect(() => verifyConsistency({ ...claim, proof: broken })).toThrow(MerkleError);
    });
    await fc.assert(property);
  });

  test('a tree with one other leaf is refused by either root', async () => {
    const proof = await proveConsistency(100n, 200n, read);
    const other = naiveRoot(leaves.slice(0, 99).concat(leafAt(299)));
    const claim = { size1: 100n, size2: 200n, proof };
    expect(() => verifyConsistency({ ...claim, root1: other, root2: rootAt(200) })).toThrow(code('root-mismatch'));
    expect(() => verifyConsistency({ ...claim, root1: rootAt(100), root2: other })).toThrow(code('root-mismatch'));
  });

  test('a smaller second size is refused', async () => {
    await expect(proveConsistency(2n, 1n, read)).rejects.toThrow(code('size-out-of-range'));
    const claim = { size1: 2n, root1: rootAt(2), size2: 1n, root2: rootAt(1), proof: [] };
    expect(() => verifyConsistency(claim)).toThrow(code('size-out-of-range'));
  });

  test('from size 0 there is nothing to verify, but the empty tree is itself', async () => {
    expect(await proveConsistency(0n, 7n, read)).toEqual([]);
    const claim = { size1: 0n, root1: EMPTY_ROOT, proof: [] };
    expect(() => verifyConsistency({ ...claim, size2: 7n, root2: rootAt(7) })).toThrow(code('size-out-of-range'));
    expect(() => verifyConsistency({ ...claim, size2: 0n, root2: rootAt(7) })).toThrow(code('root-mismatch'));
    verifyConsistency({ ...claim, size2: 0n, root2: EMPTY_ROOT });
  });

  test('subtree proofs that are made are verified, and refused with another root', async () => {
    const property = fc.asyncProperty(subtree, async ({ start, end, size }) => {
      const range = { start: BigInt(start), end: BigInt(end), size: BigInt(size) };
      const proof = await proveSubtreeConsistency(range.start, range.end, range.size, read);
      const root1 = naiveRoot(leaves.slice(start, end));
      verifySubtreeConsistency({ ...range, root1, root2: rootAt(size), proof });
      const other = flipped(root1);
      expect(() => verifySubtreeConsistency({ ...range, root1: other, root2: rootAt(size), proof })).toThrow(
        code('root-mismatch'),
      );
    });
    await fc.assert(property);
  });

  test('a range that is no subtree is refused', async () => {
    await expect(proveSubtreeConsistency(1n, 3n, 8n, read)).rejects.toThrow(code('invalid-subtree'));
    await expect(proveSubtreeInclusion(1n, 1n, 3n, read)).rejects.toThrow(code('invalid-subtree'));
  });
});
