import type { Logger } from 'pino';
import type { DedupeIndex } from '../dedupe/dedupe-index.js';
import type { Snapshot, SnapshotFile } from '../snapshot.js';

/** Entries from one snapshot to the next: what a start has to read at most, and what the dedupe index holds in memory. */
export const SNAPSHOT_ENTRIES = 16_384n;

/** Takes snapshots behind the log's back, one at a time, at sizes that were published. A failure costs nothing but time. */
export class Snapshots {
  #running: Promise<void> | undefined;

  constructor(
    private readonly file: SnapshotFile,
    private readonly dedupe: DedupeIndex,
    private readonly everyEntries: bigint,
    private readonly logger: Logger,
  ) {}

  /** A checkpoint was published: perhaps it is time. */
  consider(published: Omit<Snapshot, 'runs'>): void {
    if (this.#running || published.size - this.dedupe.flushedSize < this.everyEntries) return;
    this.#running = this.#take(published)
      .catch((error: unknown) => this.logger.warn({ err: error }, 'no snapshot could be taken; trying again later'))
      .finally(() => (this.#running = undefined));
  }

  async #take(published: Omit<Snapshot, 'runs'>): Promise<void> {
    const runs = await this.dedupe.flush(published.size);
    await this.file.write({ ...published, runs });
    await this.dedupe.removeOthers();
  }

  async close(): Promise<void> {
    await this.#running;
    this.dedupe.close();
  }
}
