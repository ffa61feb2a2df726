import { HASH_BYTES } from '#libs/merkle';
import { ENTRY_MAX_BYTES } from './entry-bundle.js';
import { TlogError } from './error.js';
import type { FetchTile } from './tile-reader.js';
import { TILE_WIDTH, entryBundlePath, partialWidth, tilePath, tileWidth, type TileKind } from './tile.js';

/**
 * A file of a log by its path below the log's prefix. It may read at most `maxBytes`, and stops when the signal aborts.
 * What can't be read for any other reason is an exception: that says nothing about the log.
 */
export type FetchFile = (
  path: string,
  maxBytes: number,
  signal?: AbortSignal,
) => Promise<Uint8Array | 'missing' | 'too-large'>;

/** Where a log keeps its leaves: entry bundles (tlog-tiles) or data tiles (static-ct-api). */
export type LeafKind = Exclude<TileKind, 'hashes'>;

/** A file that the tree of a checkpoint has. */
export interface WantedFile {
  readonly kind: TileKind;
  readonly level: number;
  readonly index: bigint;
  readonly width: number;
}

/** What was found of a wanted file. */
export interface FoundFile {
  /** Where it was found: of a partial file, possibly the full one that replaced it. */
  readonly path: string;
  readonly bytes: Uint8Array | 'missing' | 'too-large';
  /** The full file in place of a partial one: it may hold more than was wanted. */
  readonly more: boolean;
}

export const TILE_MAX_BYTES = TILE_WIDTH * HASH_BYTES;
const LEAVES_MAX_BYTES: Readonly<Record<LeafKind, number>> = {
  entries: TILE_WIDTH * (2 + ENTRY_MAX_BYTES),
  // static-ct-api sets no limit for a leaf; this is far above 256 chains that any log admits.
  data: 64 * 1024 * 1024,
};

/** The path of a wanted file, of another width if one is given. */
export function pathOf({ kind, level, index, width }: WantedFile, as: number = width): string {
  return kind === 'hashes' ? tilePath(level, index, as) : entryBundlePath(index, as, kind);
}

/** tlog-tiles: a log may delete a partial tile once the full one exists, so that one is tried next. */
export async function fetchWanted(wanted: WantedFile, fetch: FetchFile, signal?: AbortSignal): Promise<FoundFile> {
  const maxBytes = wanted.kind === 'hashes' ? TILE_MAX_BYTES : LEAVES_MAX_BYTES[wanted.kind];
  const path = pathOf(wanted);
  const bytes = await fetch(path, maxBytes, signal);
  if (bytes !== 'missing' || wanted.width === TILE_WIDTH) return { path, bytes, more: false };
  const full = pathOf(wanted, TILE_WIDTH);
  const whole = await fetch(full, maxBytes, signal);
  return whole === 'missing' ? { path, bytes, more: false } : { path: full, bytes: whole, more: true };
}

/**
 * Every file that the tree of `size` has and that of `from` has not, in the order in which they can be derived: leaves, the
 * tiles that they make full from the lowest level up, and at the end the partial tiles.
 */
export function* wantedFiles(from: bigint, size: bigint, kind: LeafKind): Generator<WantedFile> {
  if (from >= size) return;
  for (let bundle = from / BigInt(TILE_WIDTH); bundle * BigInt(TILE_WIDTH) < size; bundle++) {
    yield { kind, level: 0, index: bundle, width: tileWidth(size, 0, bundle) };
    for (let level = 0, index = bundle; tileWidth(size, level, index) === TILE_WIDTH; level++) {
      yield { kind: 'hashes', level, index, width: TILE_WIDTH };
      // Only the last hash of a tile makes it full.
      if (index % BigInt(TILE_WIDTH) !== BigInt(TILE_WIDTH - 1)) break;
      index /= BigInt(TILE_WIDTH);
    }
  }
  for (let level = 0; size >> BigInt(8 * level) > 0n; level++) {
    const width = partialWidth(size, level);
    if (width > 0) yield { kind: 'hashes', level, index: size >> BigInt(8 * (level + 1)), width };
  }
}

/** Fetches with `inFlight` requests at a time, and gives what it found in the order in which it was wanted. */
export async function* fetchInOrder(
  wanted: Iterable<WantedFile>,
  fetch: FetchFile,
  inFlight: number,
): AsyncGenerator<{ readonly wanted: WantedFile; readonly found: FoundFile }, void> {
  const stop = new AbortController();
  const queue: Promise<{ wanted: WantedFile; found: FoundFile }>[] = [];
  try {
    for (const file of wanted) {
      const fetched = fetchWanted(file, fetch, stop.signal).then((found) => ({ wanted: file, found }));
      fetched.catch(() => undefined); // it is awaited in its turn, or not at all
      queue.push(fetched);
      if (queue.length >= inFlight) yield await (queue.shift() as (typeof queue)[0]);
    }
    for (const fetched of queue) yield await fetched;
  } finally {
    stop.abort();
    await Promise.allSettled(queue);
  }
}

/** Hash tiles for proofs. @throws TlogError malformed-tile when one is missing, and whatever `fetch` throws */
export function hashTiles(fetch: FetchFile): FetchTile {
  return async (level, index, width) => {
    const { path, bytes } = await fetchWanted({ kind: 'hashes', level, index, width }, fetch);
    if (typeof bytes === 'string') throw new TlogError('malformed-tile', `${path} is ${bytes}`);
    return bytes.subarray(0, width * HASH_BYTES);
  };
}

/** Where a log of `size` entries keeps its leaves, by what it serves; undefined when it serves neither, or has none. */
export async function detectLeafKind(size: bigint, fetch: FetchFile): Promise<LeafKind | undefined> {
  if (size === 0n) return undefined;
  for (const kind of ['entries', 'data'] as const) {
    const { bytes } = await fetchWanted({ kind, level: 0, index: 0n, width: tileWidth(size, 0, 0n) }, fetch);
    if (bytes !== 'missing') return kind;
  }
  return undefined;
}
