import { HASH_BYTES, hashCompleteSubtree, type NodeReader } from '#libs/merkle';
import { TlogError } from './error.js';
import type { TileEdge } from './integrate.js';
import { TILE_HEIGHT, TILE_WIDTH, partialWidth, tileWidth } from './tile.js';

/** The bytes of a tile, `width` hashes. Where only the full tile is left of a partial one, it gives the start of that. */
export type FetchTile = (level: number, index: bigint, width: number) => Promise<Uint8Array>;

/**
 * Reads the nodes of the tree of `size` leaves out of its tiles, for `proveInclusion` and its like. It asks for each tile
 * once and keeps it, so make one per proof or per request. The nodes are what the tiles say: the proof shows their worth.
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
    return hashCompleteSubtree((await tile).subarray(from * HASH_BYTES, (from + count) * HASH_BYTES));
  };
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
