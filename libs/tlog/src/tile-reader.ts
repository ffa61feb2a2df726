import { HASH_BYTES, hashChildren, type NodeReader } from '#libs/merkle';
import { TlogError } from './error.js';
import type { TileEdge } from './integrate.js';
import { TILE_HEIGHT, TILE_WIDTH, partialWidth, tileWidth } from './tile.js';

/** The bytes of a tile, `width` hashes. Where only the full tile is left of a partial one, it gives the start of that. */
export type FetchTile = (level: number, index: bigint, width: number) => Promise<Uint8Array>;

/**
 * Reads the nodes of the tree of `size` leaves out of its tiles, for `proveInclusion` and its like. It asks for each tile
 * once and keeps it, so make one per proof or per request. The nodes are what the tiles say: the proof shows their worth.
 * Neither the tiles nor the nodes may be written to: both are used again.
 */
export function tileNodeReader(size: bigint, fetchTile: FetchTile): NodeReader {
  const fetched = new Map<string, Promise<Uint8Array>>();
  return async (level, index) => {
    const tileLevel = Math.floor(level / TILE_HEIGHT);
    const count = 2 ** (level % TILE_HEIGHT);
    const first = index * BigInt(count);
    const tileIndex = first / BigInt(TILE_WIDTH);
    const from = Number(first % BigInt(TILE_WIDTH));
    const width = tileWidth(size, tileLevel, tileIndex);
    if (from + count > width) {
      throw new TlogError('out-of-range', `node ${index} of level ${level} is not complete in a tree of size ${size}`);
    }
    const key = `${tileLevel}/${tileIndex}`;
    const tile = fetched.get(key) ?? fetchWhole(fetchTile, tileLevel, tileIndex, width);
    fetched.set(key, tile);
    return subtreeRoot(await tile, from, count);
  };
}

/**
 * The inner nodes of a tile, for as long as somebody keeps the tile: a fetcher that gives the same bytes again, as a cache
 * does, has each of them hashed once, and not for each proof.
 */
const innerNodes = new WeakMap<Uint8Array, Map<number, Uint8Array>>();

/** The root of `count` hashes of a tile, a power of two, from the hash `from` on. */
function subtreeRoot(tile: Uint8Array, from: number, count: number): Uint8Array {
  if (count === 1) return tile.slice(from * HASH_BYTES, (from + 1) * HASH_BYTES);
  const nodes = innerNodes.get(tile) ?? new Map<number, Uint8Array>();
  innerNodes.set(tile, nodes);
  const key = from * 2 * TILE_WIDTH + count;
  const known = nodes.get(key);
  if (known) return known;
  const half = count / 2;
  const root = hashChildren(subtreeRoot(tile, from, half), subtreeRoot(tile, from + half, half));
  nodes.set(key, root);
  return root;
}

/** The right edge of a tree from its partial tiles; compare `edgeRoot` with a root that is trusted before building on it. */
export async function edgeFromTiles(size: bigint, fetchTile: FetchTile): Promise<TileEdge> {
  const tiles: Promise<Uint8Array>[] = [];
  for (let level = 0; size >> BigInt(TILE_HEIGHT * level) > 0n; level++) {
    const width = partialWidth(size, level);
    const index = size >> BigInt(TILE_HEIGHT * (level + 1));
    tiles.push(width === 0 ? Promise.resolve(new Uint8Array(0)) : fetchWhole(fetchTile, level, index, width));
  }
  return { size, tiles: await Promise.all(tiles) };
}

async function fetchWhole(fetchTile: FetchTile, level: number, index: bigint, width: number): Promise<Uint8Array> {
  const tile = await fetchTile(level, index, width);
  if (tile.length !== width * HASH_BYTES) {
    throw new TlogError(
      'malformed-tile',
      `tile ${index} of level ${level} has ${tile.length} bytes, not ${width * HASH_BYTES}`,
    );
  }
  return tile;
}
