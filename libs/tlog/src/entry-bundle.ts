import { ByteReader, BytesError } from '#libs/crypto';
import { TlogError } from './error.js';
import { TILE_WIDTH } from './tile.js';

/** The length of an entry has two bytes: tlog-tiles, "Log entries". */
export const ENTRY_MAX_BYTES = 65535;

const LENGTH_BYTES = 2;

/** Entries one after the other, each behind its length (u16, big-endian). @throws TlogError entry-too-large */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  let bytes = 0;
  for (const entry of entries) {
    if (entry.length > ENTRY_MAX_BYTES) {
      throw new TlogError('entry-too-large', `an entry of ${entry.length} bytes, the limit is ${ENTRY_MAX_BYTES}`);
    }
    bytes += LENGTH_BYTES + entry.length;
  }
  const bundle = new Uint8Array(bytes);
  let offset = 0;
  for (const entry of entries) {
    bundle[offset] = entry.length >> 8;
    bundle[offset + 1] = entry.length & 0xff;
    bundle.set(entry, offset + LENGTH_BYTES);
    offset += LENGTH_BYTES + entry.length;
  }
  return bundle;
}

/** The entries, as views into `bundle`: at most 256. @throws TlogError malformed-entry-bundle */
export function parseEntryBundle(bundle: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(bundle);
  const entries: Uint8Array[] = [];
  try {
    while (reader.remaining > 0) {
      if (entries.length === TILE_WIDTH) throw malformed(`more than ${TILE_WIDTH} entries`);
      entries.push(reader.vector(LENGTH_BYTES));
    }
  } catch (cause) {
    if (cause instanceof BytesError) throw malformed(`entry ${entries.length}: ${cause.message}`, { cause });
    throw cause;
  }
  return entries;
}

function malformed(problem: string, options?: ErrorOptions): TlogError {
  return new TlogError('malformed-entry-bundle', `entry bundle: ${problem}`, options);
}
