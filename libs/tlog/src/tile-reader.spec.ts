import { describe, expect, test } from '@jest/globals';
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from '#libs/merkle';
import { leafHashesOf, naiveRoot } from '../../../test/naive-tree.js';
import { EMPTY_EDGE, edgeFromTiles, edgeRoot, integrate, tileNodeReader, tilePath, type FetchTile } from './index.js';

const code = (name: string): unknown => expect.objectContaining({ code: name });

const SIZES = [1, 2, 255, 256, 257, 1000, 66_000];
const leaves = leafHashesOf(66_000);

/** The tiles of a log that published checkpoints of all these sizes, and which of them were asked for. */
function tiles(): { fetch: FetchTile; asked: string[] } {
  const files = new Map<string, Uint8Array>();
  const asked: string[] = [];
  let edge = EMPTY_EDGE;
  for (const size of SIZES) {
    const grown = integrate(edge, leaves.slice(Number(edge.size), size));
    for (const { level, index, width, bytes } of grown.tiles) files.set(tilePath(level, index, width), bytes);
    edge = grown.edge;
  }
  const fetch: FetchTile = async (level, index, width) => {
    const path = tilePath(level, index, width);
    asked.push(path);
    return files.get(path) ?? Promise.reject(new Error(`no ${path}`));
  };
  return { fetch, asked };
}

describe('proofs out of tiles', () => {
  const { fetch } = tiles();
  const rootAt = new Map(SIZES.map((size) => [size, naiveRoot(leaves.slice(0, size))]));

  test.each(SIZES)('of inclusion in a tree of %d verify', async (size) => {
    for (const index of new Set([0, size >> 1, size - 1])) {
      const proof = await proveInclusion(BigInt(index), BigInt(size), tileNodeReader(BigInt(size), fetch));
      const leafHash = leaves[index] as Uint8Array;
      const root = rootAt.get(size) as Uint8Array;
      verifyInclusion({ index: BigInt(index), size: BigInt(size), leafHash, proof, root });
    }
  });

  test.each(SIZES.slice(1))('of consistency into a tree of %d verify', async (size2) => {
    for (const size1 of SIZES.filter((size) => size < size2)) {
      const proof = await proveConsistency(BigInt(size1), BigInt(size2), tileNodeReader(BigInt(size2), fetch));
      const [root1, root2] = [rootAt.get(size1) as Uint8Array, rootAt.get(size2) as Uint8Array];
      verifyConsistency({ size1: BigInt(size1), root1, size2: BigInt(size2), root2, proof });
    }
  });

  test.each(SIZES)('the edge of a tree of %d has its root', async (size) => {
    expect(edgeRoot(await edgeFromTiles(BigInt(size), fetch))).toEqual(rootAt.get(size));
  });

  test('the edge of an empty tree asks for nothing', async () => {
    expect(await edgeFromTiles(0n, fetch)).toEqual(EMPTY_EDGE);
  });
});

test('a proof asks for each tile once', async () => {
  const { fetch, asked } = tiles();
  await proveInclusion(600n, 66_000n, tileNodeReader(66_000n, fetch));
  expect(asked.toSorted()).toEqual(['tile/0/002', 'tile/0/257.p/208', 'tile/1/000', 'tile/1/001.p/1']);
});

test('a tile of another length is refused', async () => {
  const read = tileNodeReader(2n, async () => new Uint8Array(32));
  await expect(proveInclusion(0n, 2n, read)).rejects.toThrow(code('malformed-tile'));
  await expect(edgeFromTiles(2n, async () => new Uint8Array(96))).rejects.toThrow(code('malformed-tile'));
});

test('a node that is not complete in the tree is refused', async () => {
  await expect(async () => tileNodeReader(3n, tiles().fetch)(1, 1n)).rejects.toThrow(code('out-of-range'));
});
