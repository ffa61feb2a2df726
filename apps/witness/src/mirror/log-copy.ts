import { equalBytes } from '#libs/crypto';
import { HASH_BYTES, hashCompleteSubtree, hashLeaf, treeRoot } from '#libs/merkle';
import type { TileFile, TileStore } from '#libs/tile-store';
import {
  EMPTY_EDGE,
  TILE_HEIGHT,
  TILE_WIDTH,
  edgeRoot,
  encodeEntryBundle,
  entryBundlePath,
  integrate,
  parseEntryBundle,
  partialTiles,
  tileNodeReader,
  tilePath,
  tileWidth,
  type TileEdge,
  type TreeHead,
} from '#libs/tlog';
import { MirrorError } from './mirror-error.js';

const WIDTH = BigInt(TILE_WIDTH);

/**
 * The entries of a log that are held, and the tiles that they make. What is full, and the last bundle, are durable before
 * they count. Partial hash tiles are never read back: they are derived from what is full, and from the last bundle.
 *
 * Not for two callers at once: whoever appends or publishes takes his turn.
 */
export class LogCopy {
  #edge: TileEdge;

  private constructor(
    private readonly tiles: TileStore,
    edge: TileEdge,
  ) {
    this.#edge = edge;
  }

  /**
   * The copy as it was recorded last. It reads the last bundle, and of each level at most 255 tiles.
   * @throws MirrorError damaged when the files lead to another root; TileStoreError
   */
  static async open(tiles: TileStore, held: TreeHead): Promise<LogCopy> {
    const copy = new LogCopy(tiles, EMPTY_EDGE);
    copy.#edge = await copy.#deriveEdge(held.size);
    if (!equalBytes(edgeRoot(copy.#edge), held.root)) {
      throw new MirrorError(
        'damaged',
        `the files of the first ${held.size} entries lead to another root than was recorded`,
      );
    }
    return copy;
  }

  /** Entries that are held: the index of the first that is not. */
  get size(): bigint {
    return this.#edge.size;
  }

  head(): TreeHead {
    return { size: this.#edge.size, root: edgeRoot(this.#edge) };
  }

  /** The root that the copy has at an earlier size: what a checkpoint of that size has to say. */
  async rootAt(size: bigint): Promise<Uint8Array> {
    if (size === this.#edge.size) return edgeRoot(this.#edge);
    return treeRoot(size, tileNodeReader(this.#edge.size, this.readTile));
  }

  /** The hashes of a tile of the copy, from the disk when it is full, else from memory. @throws MirrorError damaged */
  readonly readTile = async (level: number, index: bigint, width: number): Promise<Uint8Array> => {
    const full = tileWidth(this.#edge.size, level, index) === TILE_WIDTH;
    const bytes = full ? await this.tiles.read(tilePath(level, index)) : this.#edge.tiles[level];
    if (bytes === undefined || bytes.length < width * HASH_BYTES) {
      throw new MirrorError('damaged', `${tilePath(level, index)} is missing, or has lost its end`);
    }
    return bytes.subarray(0, width * HASH_BYTES);
  };

  /** Leaf hashes [from, to), all of one tile. */
  async leafHashes(from: bigint, to: bigint): Promise<Uint8Array[]> {
    if (from === to) return [];
    const [first, end] = [Number(from % WIDTH), Number((to - 1n) % WIDTH) + 1];
    const tile = await this.readTile(0, from / WIDTH, end);
    return hashesOf(tile.subarray(first * HASH_BYTES));
  }

  /**
   * Entries that follow those that are held, durable when it resolves; `hashes` are their leaf hashes. They were verified
   * before: what is written here is never overwritten.
   * @throws TileStoreError; then the copy is what it was, and the same entries can be appended again
   */
  async append(entries: readonly Uint8Array[], hashes: readonly Uint8Array[]): Promise<void> {
    if (entries.length === 0) return;
    const { edge, tiles } = integrate(this.#edge, hashes);
    const first = this.#edge.size / WIDTH;
    const all = [...(await this.#bundleAt(this.#edge.size)), ...entries];
    const full: TileFile[] = [];
    const partial: TileFile[] = [];
    for (let at = 0, index = first; at < all.length; at += TILE_WIDTH, index++) {
      const bundle = all.slice(at, at + TILE_WIDTH);
      const files = bundle.length === TILE_WIDTH ? full : partial;
      files.push({ path: entryBundlePath(index, bundle.length), bytes: encodeEntryBundle(bundle) });
    }
    for (const { level, index, width, bytes } of tiles) {
      if (width === TILE_WIDTH) full.push({ path: tilePath(level, index), bytes });
    }
    if (full.length > 0) await this.tiles.writeFull(full);
    if (partial.length > 0) await this.tiles.writePartial(partial, { durable: true });
    this.#edge = edge;
  }

  /**
   * Writes what a reader of a checkpoint of this size may ask for and is not there yet: the partial tiles, and the partial
   * bundle. tlog-tiles: where the full one exists, readers fall back to it.
   */
  async publish(size: bigint): Promise<void> {
    const edge = size === this.#edge.size ? this.#edge : await this.#deriveEdge(size);
    const partial: TileFile[] = [];
    for (const { level, index, width, bytes } of partialTiles(edge)) {
      if (this.#isFull(level, index)) continue;
      partial.push({ path: tilePath(level, index, width), bytes });
    }
    if (partial.length > 0) await this.tiles.writePartial(partial);
    const [index, width] = [size / WIDTH, Number(size % WIDTH)];
    if (width === 0 || this.#isFull(0, index)) return;
    const path = entryBundlePath(index, width);
    if ((await this.tiles.read(path)) !== undefined) return; // durable since its entries were appended
    const bytes = encodeEntryBundle(await this.#bundleAt(size));
    await this.tiles.writePartial([{ path, bytes }], { durable: true });
  }

  #isFull(level: number, index: bigint): boolean {
    return tileWidth(this.#edge.size, level, index) === TILE_WIDTH;
  }

  /** Level 0 from the entries of the last bundle, each other level from the full tiles below. */
  async #deriveEdge(size: bigint): Promise<TileEdge> {
    const tiles: Uint8Array[] = [];
    for (let level = 0; size >> BigInt(TILE_HEIGHT * level) > 0n; level++) {
      const count = size >> BigInt(TILE_HEIGHT * level);
      const first = count - (count % WIDTH);
      const hashes =
        level === 0 ? (await this.#bundleAt(size)).map(hashLeaf) : await this.#rootsOf(level - 1, first, count);
      const tile = new Uint8Array(hashes.length * HASH_BYTES);
      hashes.forEach((hash, i) => tile.set(hash, i * HASH_BYTES));
      tiles.push(tile);
    }
    return { size, tiles };
  }

  async #rootsOf(level: number, from: bigint, to: bigint): Promise<Uint8Array[]> {
    const roots: Uint8Array[] = [];
    for (let index = from; index < to; index++) {
      const bytes = await this.tiles.read(tilePath(level, index));
      if (bytes?.length !== TILE_WIDTH * HASH_BYTES) {
        throw new MirrorError('damaged', `${tilePath(level, index)} is missing, or has lost its end`);
      }
      roots.push(hashCompleteSubtree(bytes));
    }
    return roots;
  }

  /** The entries of the bundle in which a tree of this size ends, up to its end. */
  async #bundleAt(size: bigint): Promise<Uint8Array[]> {
    const [index, width] = [size / WIDTH, Number(size % WIDTH)];
    if (width === 0) return [];
    const path = entryBundlePath(index, width);
    const wider = index === this.#edge.size / WIDTH ? Number(this.#edge.size % WIDTH) : TILE_WIDTH;
    // Of a size that was passed by, only a wider bundle is there. And one may be written in full, and its partial ones gone,
    // before that is recorded.
    for (const candidate of [width, wider, TILE_WIDTH]) {
      const bytes = candidate < width ? undefined : await this.tiles.read(entryBundlePath(index, candidate));
      const entries = bytes && parseEntryBundle(bytes).slice(0, width);
      if (entries?.length === width) return entries;
    }
    throw new MirrorError('damaged', `${path} is missing, or has lost its end`);
  }
}

function hashesOf(tile: Uint8Array): Uint8Array[] {
  return Array.from({ length: tile.length / HASH_BYTES }, (_, i) => tile.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES));
}
