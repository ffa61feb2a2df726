import { HASH_BYTES, MAX_SIZE, frontierRoot, hashCompleteSubtree, type Frontier } from '#libs/merkle';
import { TlogError } from './error.js';
import { TILE_HEIGHT, TILE_WIDTH, partialWidth } from './tile.js';

/** The right edge of a tiled tree: all that is needed to add to its tiles. */
export interface TileEdge {
  readonly size: bigint;
  /** Per level, lowest first, the bytes of the rightmost tile if it is partial: 0 to 255 hashes. */
  readonly tiles: readonly Uint8Array[];
}

export const EMPTY_EDGE: TileEdge = { size: 0n, tiles: [] };

export interface Tile {
  readonly level: number;
  readonly index: bigint;
  /** Hashes in it, 1 to 256. */
  readonly width: number;
  readonly bytes: Uint8Array;
}

export interface Integration {
  readonly edge: TileEdge;
  /** Every tile that became full, then every partial tile of the new size: what a reader of that size may ask for. */
  readonly tiles: readonly Tile[];
}

const EMPTY_TILE = new Uint8Array(0);

/**
 * Appends leaf hashes (made by `hashLeaf`) and gives the new tiles: tlog-tiles, "Merkle Tree". The edge that was given stays
 * valid. A partial tile that the batch did not reach has the path and the bytes of the one before.
 * @throws TlogError malformed-edge, malformed-tile, out-of-range
 */
export function integrate(edge: TileEdge, leafHashes: readonly Uint8Array[]): Integration {
  requireEdge(edge);
  const size = edge.size + BigInt(leafHashes.length);
  if (size > MAX_SIZE) throw new TlogError('out-of-range', `a tree of ${size} leaves is above 2^63 - 1`);

  const full: Tile[] = [];
  const tiles: Uint8Array[] = [];
  let hashes = leafHashes;
  for (let level = 0; level < edge.tiles.length || hashes.length > 0; level++) {
    const roots: Uint8Array[] = [];
    let tile = edge.tiles[level] ?? EMPTY_TILE;
    let index = tileIndex(edge.size, level);
    for (let from = 0; from < hashes.length;) {
      const to = Math.min(hashes.length, from + TILE_WIDTH - tile.length / HASH_BYTES);
      tile = extend(tile, hashes, from, to);
      from = to;
      if (tile.length === TILE_WIDTH * HASH_BYTES) {
        full.push({ level, index: index++, width: TILE_WIDTH, bytes: tile });
        roots.push(hashCompleteSubtree(tile));
        tile = EMPTY_TILE;
      }
    }
    tiles.push(tile);
    hashes = roots;
  }
  const next = { size, tiles };
  return { edge: next, tiles: [...full, ...partialTiles(next)] };
}

/** The partial tiles of a tree, lowest level first: none is empty. */
export function partialTiles({ size, tiles }: TileEdge): Tile[] {
  return tiles.flatMap((bytes, level) =>
    bytes.length === 0 ? [] : [{ level, index: tileIndex(size, level), width: bytes.length / HASH_BYTES, bytes }],
  );
}

/** The frontier of the tree that has this edge. @throws TlogError malformed-edge */
export function edgeFrontier(edge: TileEdge): Frontier {
  requireEdge(edge);
  const hashes = edge.tiles.toReversed().flatMap(completeSubtrees);
  return { size: edge.size, hashes };
}

/** The root of the tree that has this edge. @throws TlogError malformed-edge */
export function edgeRoot(edge: TileEdge): Uint8Array {
  return frontierRoot(edgeFrontier(edge));
}

/** The roots of the complete subtrees that a partial tile consists of, largest first: 13 hashes are 8 + 4 + 1. */
function completeSubtrees(tile: Uint8Array): Uint8Array[] {
  const width = tile.length / HASH_BYTES;
  const roots: Uint8Array[] = [];
  let from = 0;
  for (let count = TILE_WIDTH / 2; count > 0; count /= 2) {
    if ((width & count) === 0) continue;
    roots.push(hashCompleteSubtree(tile.subarray(from, from + count * HASH_BYTES)));
    from += count * HASH_BYTES;
  }
  return roots;
}

function extend(tile: Uint8Array, hashes: readonly Uint8Array[], from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(tile.length + (to - from) * HASH_BYTES);
  bytes.set(tile);
  for (let i = from, offset = tile.length; i < to; i++, offset += HASH_BYTES) {
    const hash = hashes[i] ?? EMPTY_TILE;
    if (hash.length !== HASH_BYTES)
      throw new TlogError('malformed-tile', `a hash of ${hash.length} bytes, not ${HASH_BYTES}`);
    bytes.set(hash, offset);
  }
  return bytes;
}

/** The index of the tile at the right edge of a level, full ones being left of it. */
function tileIndex(size: bigint, level: number): bigint {
  return size >> BigInt(TILE_HEIGHT * (level + 1));
}

function requireEdge({ size, tiles }: TileEdge): void {
  const wrong = tiles.some((tile, level) => tile.length !== partialWidth(size, level) * HASH_BYTES);
  if (wrong || size < 0n || size >> BigInt(TILE_HEIGHT * tiles.length) !== 0n) {
    throw new TlogError('malformed-edge', `an edge of size ${size} has not these ${tiles.length} partial tiles`);
  }
}
