import type { TileStore } from '#libs/tile-store';
import { HASH_BYTES } from '#libs/merkle';
import { tilePath, type FetchTile } from '#libs/tlog';

/** Tiles in memory, 8 KiB each at most. */
const CACHED_TILES = 512;

/** Hash tiles of our own log, by path, the most recently used kept: what inclusion and consistency proofs are made of. The
 * many who wait for one checkpoint ask for the same tiles at once: a file is read for the first of them. */
export function cachedTiles(tiles: TileStore): FetchTile {
  const cache = new Map<string, Promise<Uint8Array>>();
  return (level, index, width) => {
    const path = tilePath(level, index, width);
    const cached = cache.get(path);
    const found = cached ?? read(tiles, level, index, width);
    if (cached) cache.delete(path);
    else found.catch(() => cache.delete(path));
    cache.set(path, found);
    for (const oldest of cache.keys()) {
      if (cache.size <= CACHED_TILES) break;
      cache.delete(oldest);
    }
    return found;
  };
}

/** The same from the disk every time: at a start, before what a power cut has torn is written again. */
export function uncachedTiles(tiles: TileStore): FetchTile {
  return (level, index, width) => read(tiles, level, index, width);
}

async function read(tiles: TileStore, level: number, index: bigint, width: number): Promise<Uint8Array> {
  const path = tilePath(level, index, width);
  // A partial tile may be gone once the full one is there.
  const found = (await tiles.read(path)) ?? (await tiles.read(tilePath(level, index)))?.subarray(0, width * HASH_BYTES);
  if (!found) throw new Error(`tile ${path} of our own log is missing`);
  return found;
}
