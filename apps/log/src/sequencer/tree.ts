import type { NewEvent, Revision, StoredEvent } from '#libs/event-store';
import { EMPTY_EDGE, TILE_WIDTH, edgeRoot, integrate, partialTiles, tilePath, type TileEdge } from '#libs/tlog';
import { EVENT, readEntriesSequenced, readLogFrozen } from '../events.js';
import { LogError } from '../log-error.js';
import type { DedupeKey, LogKind } from '../log-kind.js';

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

/** Who is told where each entry is. */
export interface EntryIndex {
  find(dedupeKey: DedupeKey): Sequenced | undefined;
  add(dedupeKey: DedupeKey, sequenced: Sequenced): void;
}

/** The tree after some event: what the next one is applied to. */
export interface TreeState {
  /** Of the last event applied. */
  readonly revision: Revision;
  readonly edge: TileEdge;
  /** The leaves of the last, partial bundle. */
  readonly tail: readonly Uint8Array[];
  readonly lastSequencedAtMs: bigint;
}

/** After `LogCreated`, the event at revision 0. */
export const NEW_TREE: TreeState = { revision: 0n, edge: EMPTY_EDGE, tail: [], lastSequencedAtMs: 0n };

/**
 * The tree as a pure function of the committed events, held in memory: the right edge, the leaves of the last partial
 * bundle, the files that became full and are not yet written. It tells an index where each entry is.
 */
export class Tree<Submission> {
  #revision: Revision;
  #edge: TileEdge;
  #tail: Uint8Array[];
  #full: TreeFile[] = [];
  #lastSequencedAtMs: bigint;
  #isFrozen = false;

  constructor(
    private readonly kind: LogKind<Submission>,
    private readonly entries: EntryIndex,
    { revision, edge, tail, lastSequencedAtMs }: TreeState = NEW_TREE,
  ) {
    this.#revision = revision;
    this.#edge = edge;
    this.#tail = [...tail];
    this.#lastSequencedAtMs = lastSequencedAtMs;
  }

  get revision(): Revision {
    return this.#revision;
  }

  get size(): bigint {
    return this.#edge.size;
  }

  get lastSequencedAtMs(): bigint {
    return this.#lastSequencedAtMs;
  }

  /** After `LogFrozen` nothing is added any more. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  root(): Uint8Array {
    return edgeRoot(this.#edge);
  }

  find(dedupeKey: DedupeKey): Sequenced | undefined {
    return this.entries.find(dedupeKey);
  }

  /**
   * Applies committed events, in order, from the revision after the last one. Leaves are cut out of the events' bytes and
   * hashed anew: what was hashed at admission may not be what was committed.
   * @throws LogError gap, unknown-event
   */
  apply(events: readonly (NewEvent | StoredEvent)[]): void {
    const hashes: Uint8Array[] = [];
    for (const event of events) this.#applyOne(event, hashes);
    const { edge, tiles } = integrate(this.#edge, hashes);
    for (const { level, index, width, bytes } of tiles) {
      if (width === TILE_WIDTH) this.#full.push({ path: tilePath(level, index), bytes });
    }
    this.#edge = edge;
    this.#revision += BigInt(events.length);
  }

  #applyOne(event: NewEvent | StoredEvent, hashes: Uint8Array[]): void {
    const size = this.#edge.size + BigInt(hashes.length);
    if (this.#isFrozen) throw new LogError('gap', `an event follows the one that froze the log at size ${size}`);
    if (event.type === EVENT.logFrozen) {
      const { finalSize } = readLogFrozen(event);
      if (finalSize !== size)
        throw new LogError('gap', `the log was frozen at size ${finalSize}, it has ${size} entries`);
      this.#isFrozen = true;
      return;
    }
    const { firstIndex, count, sequencedAtMs, data } = readEntriesSequenced(event);
    const leaves = this.kind.splitLeaves(data);
    if (firstIndex !== size || count !== leaves.length) {
      const found = `${leaves.length} of ${count} entries from index ${firstIndex}`;
      throw new LogError('gap', `an event holds ${found}, the tree goes on at ${size}`);
    }
    let index = size;
    for (const leaf of leaves) {
      const { hash, dedupeKey } = this.kind.readLeaf(leaf);
      this.entries.add(dedupeKey, { index, sequencedAtMs });
      hashes.push(hash);
      index++;
      this.#addToBundle(leaf, index);
    }
    if (sequencedAtMs > this.#lastSequencedAtMs) this.#lastSequencedAtMs = sequencedAtMs;
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
