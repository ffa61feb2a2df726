import type { NewEvent, StoredEvent } from '#libs/event-store';
import { EMPTY_EDGE, TILE_WIDTH, edgeRoot, integrate, partialTiles, tilePath, type TileEdge } from '#libs/tlog';
import { readEntriesSequenced } from '../events.js';
import { LogError } from '../log-error.js';
import type { LogKind } from '../log-kind.js';

/** Where an entry is, and when it came there. */
export interface Sequenced {
  readonly index: bigint;
  readonly sequencedAtMs: bigint;
}

/** A file that belongs to the tree: a hash tile, or a bundle of leaves. */
export interface TreeFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The tree as a pure function of the committed events, held in memory: the right edge, the leaves of the last partial
 * bundle, the files that became full and are not yet written, and where each entry is.
 */
export class Tree<Submission> {
  #edge: TileEdge = EMPTY_EDGE;
  #tail: Uint8Array[] = [];
  #full: TreeFile[] = [];
  #lastSequencedAtMs = 0n;
  readonly #entries = new Map<string, Sequenced>();

  constructor(private readonly kind: LogKind<Submission>) {}

  get size(): bigint {
    return this.#edge.size;
  }

  get lastSequencedAtMs(): bigint {
    return this.#lastSequencedAtMs;
  }

  root(): Uint8Array {
    return edgeRoot(this.#edge);
  }

  find(dedupeKey: string): Sequenced | undefined {
    return this.#entries.get(dedupeKey);
  }

  /**
   * Integrates committed events. Leaves are cut out of the events' bytes and hashed anew: what was hashed at admission
   * may not be what was committed.
   * @throws LogError gap, unknown-event
   */
  apply(events: readonly (NewEvent | StoredEvent)[]): void {
    const hashes: Uint8Array[] = [];
    const size = this.#edge.size;
    for (const event of events) {
      const { firstIndex, count, sequencedAtMs, data } = readEntriesSequenced(event);
      const leaves = this.kind.splitLeaves(data);
      const expected = size + BigInt(hashes.length);
      if (firstIndex !== expected || count !== leaves.length) {
        const found = `${leaves.length} of ${count} entries from index ${firstIndex}`;
        throw new LogError('gap', `an event holds ${found}, the tree goes on at ${expected}`);
      }
      for (const leaf of leaves) {
        this.#entries.set(this.kind.dedupeKeyOfLeaf(leaf), { index: size + BigInt(hashes.length), sequencedAtMs });
        hashes.push(this.kind.leafHash(leaf));
        this.#addToBundle(leaf, size + BigInt(hashes.length));
      }
      if (sequencedAtMs > this.#lastSequencedAtMs) this.#lastSequencedAtMs = sequencedAtMs;
    }
    const { edge, tiles } = integrate(this.#edge, hashes);
    for (const { level, index, width, bytes } of tiles) {
      if (width === TILE_WIDTH) this.#full.push({ path: tilePath(level, index), bytes });
    }
    this.#edge = edge;
  }

  #addToBundle(leaf: Uint8Array, sizeAfter: bigint): void {
    this.#tail.push(leaf);
    if (this.#tail.length < TILE_WIDTH) return;
    const index = sizeAfter / BigInt(TILE_WIDTH) - 1n;
    this.#full.push({ path: this.kind.bundlePath(index, TILE_WIDTH), bytes: this.kind.joinLeaves(this.#tail) });
    this.#tail = [];
  }

  /** What has to be on disk before a checkpoint of this size may be signed. */
  files(): { readonly full: readonly TreeFile[]; readonly partial: readonly TreeFile[] } {
    const partial: TreeFile[] = partialTiles(this.#edge).map(({ level, index, width, bytes }) => ({
      path: tilePath(level, index, width),
      bytes,
    }));
    if (this.#tail.length > 0) {
      const path = this.kind.bundlePath(this.size / BigInt(TILE_WIDTH), this.#tail.length);
      partial.push({ path, bytes: this.kind.joinLeaves(this.#tail) });
    }
    return { full: this.#full.slice(), partial };
  }

  /** The first `count` full files are written. */
  forgetFiles(count: number): void {
    this.#full.splice(0, count);
  }
}
