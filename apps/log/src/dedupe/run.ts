import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Sequenced } from '../sequencer/tree.js';
import { BloomFilter, filterBytes } from './bloom-filter.js';
import {
  CHECKSUM_BYTES,
  encodeHeader,
  fileBytes,
  HEADER_BYTES,
  KEY_BYTES,
  readRecord,
  RECORD_BYTES,
  type RunRange,
} from './run-format.js';

/** Records between two keys that are kept in memory: a lookup reads one such block, 5.5 KiB. */
const BLOCK_RECORDS = 128;
const READ_BYTES = 1 << 20;

/** A sorted run on disk, with its filter and the first key of each block in memory: about 1.3 bytes an entry. */
export class Run {
  readonly #file: number;
  readonly #filter: BloomFilter;
  /** The first six bytes of the first key of each block, as a number: keys are hashes, so that tells blocks apart. */
  readonly #fences: Float64Array;
  readonly #block = Buffer.alloc(BLOCK_RECORDS * RECORD_BYTES);

  private constructor(
    readonly path: string,
    readonly range: RunRange,
    file: number,
    filter: BloomFilter,
    fences: Float64Array,
  ) {
    this.#file = file;
    this.#filter = filter;
    this.#fences = fences;
  }

  /** Reads the file once. Undefined when it isn't the whole run of these entries: then it has to be made again. */
  static async open(path: string, range: RunRange): Promise<Run | undefined> {
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    const run = await Run.#read(path, range, file);
    if (!run) closeSync(file);
    return run;
  }

  static async #read(path: string, range: RunRange, file: number): Promise<Run | undefined> {
    const bytes = fileBytes(range);
    if (fstatSync(file).size !== bytes) return undefined;
    const { count } = range;
    const fences = new Float64Array(Math.ceil(count / BLOCK_RECORDS));
    const filter = Buffer.alloc(filterBytes(count));
    const filterAt = HEADER_BYTES + count * RECORD_BYTES;
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(READ_BYTES);
    for (let at = 0; at < bytes - CHECKSUM_BYTES;) {
      const length = readSync(file, chunk, 0, Math.min(READ_BYTES, bytes - CHECKSUM_BYTES - at), at);
      if (length === 0) return undefined;
      hash.update(chunk.subarray(0, length));
      if (at === 0 && !chunk.subarray(0, HEADER_BYTES).equals(encodeHeader(range))) return undefined;
      at += length;
      await setImmediate(); // others have the loop between two pieces
    }
    const checksum = Buffer.alloc(CHECKSUM_BYTES);
    readSync(file, checksum, 0, CHECKSUM_BYTES, bytes - CHECKSUM_BYTES);
    if (!checksum.equals(hash.digest())) return undefined;
    readSync(file, filter, 0, filter.length, filterAt);
    const key = Buffer.alloc(KEY_BYTES);
    for (let block = 0; block < fences.length; block++) {
      readSync(file, key, 0, KEY_BYTES, HEADER_BYTES + block * BLOCK_RECORDS * RECORD_BYTES);
      fences[block] = key.readUIntBE(0, 6);
    }
    return new Run(path, range, file, new BloomFilter(filter), fences);
  }

  find(key: Buffer): Sequenced | undefined {
    if (!this.#filter.mayHave(key)) return undefined;
    const wanted = key.readUIntBE(0, 6);
    // The last block whose first key isn't above the wanted one; equal fences may hide it one block earlier.
    for (let block = this.#blockOf(wanted); block >= 0; block--) {
      const found = this.#findIn(block, key);
      if (found) return found;
      if ((this.#fences[block] ?? 0) < wanted) return undefined;
    }
    return undefined;
  }

  #blockOf(wanted: number): number {
    let [low, high] = [0, this.#fences.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#fences[middle] ?? 0) <= wanted) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #findIn(block: number, key: Buffer): Sequenced | undefined {
    const first = block * BLOCK_RECORDS;
    const records = Math.min(BLOCK_RECORDS, this.range.count - first);
    readSync(this.#file, this.#block, 0, records * RECORD_BYTES, HEADER_BYTES + first * RECORD_BYTES);
    for (let at = 0; at < records * RECORD_BYTES; at += RECORD_BYTES) {
      if (this.#block.compare(key, 0, KEY_BYTES, at, at + KEY_BYTES) === 0) return readRecord(this.#block, at);
    }
    return undefined;
  }

  /** The records in the order of their keys, some at a time. */
  *records(): Generator<Buffer, void, undefined> {
    const count = this.range.count;
    for (let first = 0; first < count; first += BLOCK_RECORDS) {
      const records = Math.min(BLOCK_RECORDS, count - first);
      const block = Buffer.alloc(records * RECORD_BYTES);
      readSync(this.#file, block, 0, block.length, HEADER_BYTES + first * RECORD_BYTES);
      for (let at = 0; at < block.length; at += RECORD_BYTES) yield block.subarray(at, at + RECORD_BYTES);
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
