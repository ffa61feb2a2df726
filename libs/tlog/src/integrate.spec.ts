import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EMPTY_FRONTIER, EMPTY_ROOT, MAX_SIZE, appendLeafHashes, hashLeaf } from '#libs/merkle';
import { leafHashesOf, naiveReader, naiveRoot } from '../../../test/naive-tree.js';
import {
  EMPTY_EDGE,
  edgeFrontier,
  edgeRoot,
  integrate,
  partialTiles,
  tilePath,
  tileWidth,
  type Tile,
  type TileEdge,
} from './index.js';

const code = (name: string): unknown => expect.objectContaining({ code: name });

/** The tiles of a log after it grew by batches of these sizes, and its last edge. */
function grow(
  leaves: readonly Uint8Array[],
  batches: readonly number[],
): { edge: TileEdge; files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  let edge = EMPTY_EDGE;
  let from = 0;
  for (const batch of batches) {
    const grown = integrate(edge, leaves.slice(from, from + batch));
    for (const tile of grown.tiles) files.set(pathOf(tile), tile.bytes);
    edge = grown.edge;
    from += batch;
  }
  return { edge, files };
}

const pathOf = ({ level, index, width }: Tile): string => tilePath(level, index, width);

describe('integrate', () => {
  const leaves = leafHashesOf(3000);

  test('in random batches gives the roots and the tiles of the plain recursion', () => {
    const batches = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 700 })), { maxLength: 6 });
    const property = fc.property(batches, (batches) => {
      const { edge, files } = grow(leaves, batches);
      const size = Number(edge.size);
      expect(edgeRoot(edge)).toEqual(naiveRoot(leaves.slice(0, size)));

      const read = naiveReader(leaves.slice(0, size));
      for (let level = 0; size >> (8 * level) > 0; level++) {
        for (let index = 0n, width; (width = tileWidth(edge.size, level, index)) > 0; index++) {
          const hashes = Array.from(
            { length: width },
            (_, i) => read(8 * level, index * 256n + BigInt(i)) as Uint8Array,
          );
          expect(files.get(tilePath(level, index, width))).toEqual(new Uint8Array(hashes.flatMap((hash) => [...hash])));
        }
      }
    });
    fc.assert(property, { numRuns: 25 });
  });

  test('one by one gives the same edge as at once', () => {
    const { edge } = grow(
      leaves,
      Array.from({ length: 600 }, () => 1),
    );
    expect(edge).toEqual(integrate(EMPTY_EDGE, leaves.slice(0, 600)).edge);
  });

  // The example of tlog-tiles, and its note on a tree of size 256.
  test.each([
    [256, ['tile/0/000'], ['tile/1/000.p/1']],
    [257, ['tile/0/000'], ['tile/0/001.p/1', 'tile/1/000.p/1']],
    [70_000, ['tile/0/000', 'tile/0/272', 'tile/1/000'], ['tile/0/273.p/112', 'tile/1/001.p/17', 'tile/2/000.p/1']],
  ])('makes the full tiles first, then the partial ones, of a tree of %d', (size, full, partial) => {
    const leaf = hashLeaf(new Uint8Array(0));
    const { tiles } = integrate(
      EMPTY_EDGE,
      Array.from({ length: size }, () => leaf),
    );
    const paths = tiles.map(pathOf);
    expect(paths.slice(-partial.length)).toEqual(partial);
    expect(paths.slice(0, -partial.length).every((path) => !path.includes('.p/'))).toBe(true);
    expect(paths).toEqual(expect.arrayContaining(full));
    expect(paths).toHaveLength(Math.floor(size / 256) + Math.floor(size / 65536) + partial.length);
  });

  test('leaves the edge that was given as it was', () => {
    const { edge } = integrate(EMPTY_EDGE, leaves.slice(0, 300));
    const before = edge.tiles.map((tile) => tile.slice());
    integrate(edge, leaves.slice(300, 900));
    expect(edge).toEqual({ size: 300n, tiles: before });
  });

  test('of nothing gives the same edge and its partial tiles', () => {
    const { edge } = integrate(EMPTY_EDGE, leaves.slice(0, 300));
    expect(integrate(edge, [])).toEqual({ edge, tiles: partialTiles(edge) });
    expect(partialTiles(edge).map(pathOf)).toEqual(['tile/0/001.p/44', 'tile/1/000.p/1']);
  });

  test('of a hash of 31 bytes is refused', () => {
    expect(() => integrate(EMPTY_EDGE, [EMPTY_ROOT.subarray(1)])).toThrow(code('malformed-tile'));
  });

  test('beyond 2^63 - 1 leaves is refused', () => {
    const tiles = Array.from({ length: 8 }, (_, level) => new Uint8Array(level < 7 ? 255 * 32 : 127 * 32));
    expect(() => integrate({ size: MAX_SIZE, tiles }, leaves.slice(0, 1))).toThrow(code('out-of-range'));
  });
});

describe('an edge', () => {
  test('has the frontier of its tree', () => {
    const leaves = leafHashesOf(1000);
    for (const size of [0, 1, 2, 255, 256, 257, 511, 768, 1000]) {
      const { edge } = integrate(EMPTY_EDGE, leaves.slice(0, size));
      expect(edgeFrontier(edge)).toEqual(appendLeafHashes(EMPTY_FRONTIER, leaves.slice(0, size)));
    }
  });

  test.each([
    ['a hash too many', { size: 1n, tiles: [new Uint8Array(64)] }],
    ['a level too few', { size: 256n, tiles: [new Uint8Array(0)] }],
    ['a level with what it should not have', { size: 1n, tiles: [new Uint8Array(32), new Uint8Array(32)] }],
    ['a negative size', { size: -1n, tiles: [] }],
  ])('with %s is refused', (_, edge) => {
    expect(() => edgeRoot(edge)).toThrow(code('malformed-edge'));
    expect(() => integrate(edge, [])).toThrow(code('malformed-edge'));
  });
});
