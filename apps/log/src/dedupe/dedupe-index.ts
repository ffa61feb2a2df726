import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sequenced } from '../sequencer/tree.js';
import { RECORD_BYTES, writeRecord, type RunRange } from './run-format.js';
import { Run } from './run.js';
import { merge, writeRun } from './write-run.js';

/** This many runs of about the same length become one. */
const MERGED_RUNS = 8;

/**
 * Where each entry of the log is, by its dedupe key: exact, and derived from the events. The newest entries are in
 * memory; older ones in sorted runs on disk, each behind a filter, so that an entry that is new costs no read. Runs are
 * written and merged off the commit path, and are the log's once a snapshot names them.
 */
export class DedupeIndex {
  #recent = new Map<string, Sequenced>();
  #runs: readonly Run[];

  private constructor(
    private readonly directory: string,
    runs: readonly Run[],
  ) {
    this.#runs = runs;
  }

  /** An index of no entries. */
  static async create(directory: string): Promise<DedupeIndex> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return new DedupeIndex(directory, []);
  }

  /** The index of the entries below the end of the last run; undefined when a run is missing or damaged. */
  static async open(directory: string, ranges: readonly RunRange[]): Promise<DedupeIndex | undefined> {
    const runs: Run[] = [];
    for (const range of ranges) {
      const run = await Run.open(join(directory, fileName(range)), range);
      if (!run) {
        for (const opened of runs) opened.close();
        return undefined;
      }
      runs.push(run);
    }
    return new DedupeIndex(directory, runs);
  }

  /** @param key 32 bytes of a hash, as a latin1 string */
  find(key: string): Sequenced | undefined {
    const recent = this.#recent.get(key);
    if (recent || this.#runs.length === 0) return recent;
    const bytes = Buffer.from(key, 'latin1');
    for (const run of this.#runs) {
      const found = run.find(bytes);
      if (found) return found;
    }
    return undefined;
  }

  add(key: string, sequenced: Sequenced): void {
    if (!this.#recent.has(key)) this.#recent.set(key, sequenced); // the first place counts, as it does in runs
  }

  /** The entries that are in runs are those below this. */
  get flushedSize(): bigint {
    return this.#runs.at(-1)?.range.end ?? 0n;
  }

  /**
   * Brings the entries below `size` into runs, durable when it resolves, and merges runs where there are many. The runs
   * that were replaced are still there, for the snapshot that names them: `removeOthers` when there is a new one.
   */
  async flush(size: bigint): Promise<readonly RunRange[]> {
    if (size > this.flushedSize) {
      const flushed = [...this.#recent].filter(([, { index }]) => index < size);
      flushed.sort(([a], [b]) => (a < b ? -1 : 1));
      const range = { first: this.flushedSize, end: size, count: flushed.length };
      const run = await this.#write(range, toRecords(flushed));
      this.#runs = [...this.#runs, run];
      for (const [key] of flushed) this.#recent.delete(key);
    }
    await this.#mergeWhereMany();
    return this.#runs.map((run) => run.range);
  }

  async #mergeWhereMany(): Promise<void> {
    for (let together = this.#sameLength(); together.length >= MERGED_RUNS; together = this.#sameLength()) {
      const [first, last] = [together[0], together.at(-1)];
      if (!first || !last) return;
      const count = together.reduce((sum, run) => sum + run.range.count, 0);
      const range = { first: first.range.first, end: last.range.end, count };
      const merged = await this.#write(range, merge(together.map((run) => run.records())));
      this.#runs = [...this.#runs.slice(0, -together.length), merged];
      for (const run of together) run.close();
    }
  }

  /** The newest runs, as long as none is much longer than the newest. */
  #sameLength(): readonly Run[] {
    const newest = this.#runs.at(-1);
    if (!newest) return [];
    const limit = newest.range.count * (MERGED_RUNS / 2);
    const longer = this.#runs.findLastIndex((run) => run.range.count > limit);
    return this.#runs.slice(longer + 1);
  }

  async #write(range: RunRange, records: Iterable<Buffer>): Promise<Run> {
    const path = join(this.directory, fileName(range));
    await writeRun(path, range, records);
    const run = await Run.open(path, range);
    if (!run) throw new Error(`${path} can't be read back as it was written`);
    return run;
  }

  /** Removes the files of runs that are in use no more. */
  async removeOthers(): Promise<void> {
    const used = new Set(this.#runs.map((run) => fileName(run.range)));
    for (const name of await readdir(this.directory)) {
      if (!used.has(name)) await rm(join(this.directory, name), { force: true });
    }
  }

  close(): void {
    for (const run of this.#runs) run.close();
    this.#runs = [];
  }
}

function fileName({ first, end }: RunRange): string {
  return `run-${first}-${end}`;
}

function* toRecords(entries: Iterable<[string, Sequenced]>): Generator<Buffer, void, undefined> {
  for (const [key, sequenced] of entries) {
    const record = Buffer.alloc(RECORD_BYTES);
    writeRecord(record, 0, key, sequenced);
    yield record;
  }
}
