import { fetchTile } from '#libs/client';
import { relateHeads, type Relation, type SignedHead } from '#libs/evidence';
import type { NodeReader } from '#libs/merkle';
import { tileNodeReader } from '#libs/tlog';

const TILE_TIMEOUT_MS = 5_000;
/** For everything that is read from one copy. */
const COPY_TIMEOUT_MS = 20_000;

/**
 * Finds out what a newer head has to do with an older one, by the tiles of the newer tree: of the first copy of the log that
 * says anything at all. What no copy can prove stays unproven, for the reason that the first one gives.
 */
export async function linkHeads(
  older: SignedHead,
  newer: SignedHead,
  copies: readonly string[],
  signal: AbortSignal,
): Promise<Relation> {
  let first: Relation | undefined;
  for (const url of copies) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(COPY_TIMEOUT_MS)]);
    const relation = await relateHeads(older, newer, tilesAt(url, newer.checkpoint.size, limit));
    if (relation.kind !== 'unproven') return relation;
    first ??= relation;
  }
  return first ?? { kind: 'unproven', reason: 'no copy of the log is configured' };
}

/** Each tile is fetched once: the root and the proof need many of the same. */
function tilesAt(url: string, size: bigint, signal: AbortSignal): NodeReader {
  const tiles = new Map<string, Promise<Uint8Array>>();
  return tileNodeReader(size, (level, index, width) => {
    const name = `${level}/${index}/${width}`;
    const tile =
      tiles.get(name) ?? fetchTile(url, level, index, width, { signal, timeoutMs: TILE_TIMEOUT_MS, tries: 1 });
    tiles.set(name, tile);
    return tile;
  });
}
