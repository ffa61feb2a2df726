import type { Sequenced } from '../sequencer/tree.js';
import { filterBytes } from './bloom-filter.js';

/**
 * A run: what is known of the entries `first` to `end` (exclusive), sorted by key, never changed.
 *
 * `"TLYRUN/1" ‖ u64 first ‖ u64 end ‖ u64 count`, then a record for each key, `key[32] ‖ u48 index ‖ u48 sequencedAtMs`, then the
 * Bloom filter, then the SHA-256 of all that. An index or a time below 2^48 is enough for any log of ours.
 */
export const MAGIC = Buffer.from('TLYRUN/1');
export const HEADER_BYTES = 32;
export const KEY_BYTES = 32;
export const RECORD_BYTES = KEY_BYTES + 12;
export const CHECKSUM_BYTES = 32;

export interface RunRange {
  readonly first: bigint;
  readonly end: bigint;
  /** Keys: as many as entries, unless a log holds an entry twice. */
  readonly count: number;
}

export function fileBytes(range: RunRange): number {
  return HEADER_BYTES + range.count * RECORD_BYTES + filterBytes(range.count) + CHECKSUM_BYTES;
}

export function encodeHeader({ first, end, count }: RunRange): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeBigUInt64BE(first, 8);
  header.writeBigUInt64BE(end, 16);
  header.writeBigUInt64BE(BigInt(count), 24);
  return header;
}

export function writeRecord(into: Buffer, at: number, key: string, { index, sequencedAtMs }: Sequenced): void {
  into.write(key, at, 'latin1');
  into.writeUIntBE(Number(index), at + KEY_BYTES, 6);
  into.writeUIntBE(Number(sequencedAtMs), at + KEY_BYTES + 6, 6);
}

export function readRecord(from: Buffer, at: number): Sequenced {
  return {
    index: BigInt(from.readUIntBE(at + KEY_BYTES, 6)),
    sequencedAtMs: BigInt(from.readUIntBE(at + KEY_BYTES + 6, 6)),
  };
}
