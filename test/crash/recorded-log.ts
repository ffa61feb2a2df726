import { toHex } from '#crypto';
import { equalBytes } from '#libs/crypto';
import { MemoryEventStore, type EventStore } from '#libs/event-store';
import { appendLeafHashes, EMPTY_FRONTIER, EMPTY_ROOT, frontierRoot, hashLeaf } from '#libs/merkle';
import { parseNote } from '#libs/note';
import type { Signer } from '#libs/signer';
import { parseCheckpoint, parseEntryBundle, type Checkpoint } from '#libs/tlog';
import { EVENT, readCheckpointSigned, readEntriesSequenced } from '../../apps/log/src/events.js';
import { rekorKind } from '../../apps/log/src/entries/rekor-kind.js';

interface Seen {
  /** Who saw it. */
  readonly by: string;
  readonly size: bigint;
  readonly root: Uint8Array;
}

/**
 * Everything that was ever signed, shown or acknowledged in the name of one log, over all its processes and machines;
 * and what must hold of it: all of it is about one sequence.
 */
export class RecordedLog {
  readonly stream: string;
  readonly #seen: Seen[] = [];
  readonly #acknowledged: { readonly index: bigint; readonly body: Uint8Array }[] = [];
  readonly #violations: string[] = [];

  constructor(
    readonly origin: string,
    readonly signer: Signer,
    /** Outlives every process. */
    readonly store: EventStore = new MemoryEventStore(),
  ) {
    this.stream = `log-${toHex(rekorKind(origin, signer).logId)}`;
  }

  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  get seen(): readonly Seen[] {
    return this.#seen;
  }

  violation(what: string): void {
    this.#violations.push(what);
  }

  checkpoint(by: string, note: Uint8Array): Checkpoint {
    return this.checkpointText(by, parseNote(note).text);
  }

  checkpointText(by: string, text: Uint8Array): Checkpoint {
    const checkpoint = parseCheckpoint(text);
    this.root(by, checkpoint);
    return checkpoint;
  }

  root(by: string, { size, root }: { readonly size: bigint; readonly root: Uint8Array }): void {
    this.#seen.push({ by, size, root });
  }

  acknowledge(index: bigint, body: Uint8Array): void {
    this.#acknowledged.push({ index, body });
  }

  /** The entries as the store has them now. */
  async entries(store = this.store): Promise<Uint8Array[]> {
    const entries: Uint8Array[] = [];
    for await (const event of store.readStream(this.stream)) {
      if (event.type === EVENT.entriesSequenced) entries.push(...parseEntryBundle(readEntriesSequenced(event).data));
    }
    return entries;
  }

  /** The roots that the store has as signed, by size. */
  async storedCheckpoints(store = this.store): Promise<ReadonlyMap<bigint, Uint8Array>> {
    const roots = new Map<bigint, Uint8Array>();
    for await (const event of store.readStream(`${this.stream}-checkpoints`)) {
      if (event.type !== EVENT.checkpointSigned) continue;
      const { size, root } = readCheckpointSigned(event);
      roots.set(size, root);
    }
    return roots;
  }

  /** What is wrong with the one history that everybody should have seen; nothing, if all is well. */
  async findings(store = this.store): Promise<string[]> {
    const entries = await this.entries(store);
    const stored = [...(await this.storedCheckpoints(store))].map(([size, root]) => ({ by: 'the store', size, root }));
    const found = [...this.#violations];
    const roots: Uint8Array[] = [EMPTY_ROOT];
    let frontier = EMPTY_FRONTIER;
    for (const entry of entries) {
      frontier = appendLeafHashes(frontier, [hashLeaf(entry)]);
      roots.push(frontierRoot(frontier));
    }
    for (const { by, size, root } of [...this.#seen, ...stored]) {
      const expected = roots[Number(size)];
      if (!expected) found.push(`forked: ${by} saw size ${size}, the log has ${entries.length} entries`);
      else if (!equalBytes(expected, root)) found.push(`forked: ${by} saw another root at size ${size}`);
    }
    for (const { index, body } of this.#acknowledged) {
      const entry = entries[Number(index)];
      if (!entry || !equalBytes(entry, body)) found.push(`lost: an acknowledged entry is not at its index ${index}`);
    }
    const distinct = new Set(entries.map((entry) => toHex(entry)));
    if (distinct.size !== entries.length) {
      found.push(`duplicated: ${entries.length} entries, ${distinct.size} of them different`);
    }
    return [...new Set(found)];
  }
}
