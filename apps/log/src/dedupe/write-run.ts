import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { BloomFilter, filterBytes } from './bloom-filter.js';
import { encodeHeader, KEY_BYTES, RECORD_BYTES, type RunRange } from './run-format.js';

const WRITE_RECORDS = 2048;

/**
 * Writes a run from its records, which come sorted; synced when it resolves. The file counts once a snapshot names it, so
 * it may be written in place.
 */
export async function writeRun(path: string, range: RunRange, records: Iterable<Buffer>): Promise<void> {
  const filter = new BloomFilter(Buffer.alloc(filterBytes(range.count)));
  const hash = createHash('sha256');
  const file = await open(path, 'w', 0o600);
  try {
    const append = async (bytes: Uint8Array): Promise<void> => {
      hash.update(bytes);
      await file.write(bytes);
    };
    await append(encodeHeader(range));
    let pending: Buffer[] = [];
    for (const record of records) {
      filter.add(record.subarray(0, KEY_BYTES));
      pending.push(record);
      if (pending.length < WRITE_RECORDS) continue;
      await append(Buffer.concat(pending, pending.length * RECORD_BYTES));
      pending = [];
    }
    await append(Buffer.concat(pending));
    await append(filter.bits);
    await file.write(hash.digest());
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The records of several sorted inputs as one, by key. No key occurs twice: each entry is in one run. */
export function* merge(inputs: readonly Iterable<Buffer>[]): Generator<Buffer, void, undefined> {
  const heads = inputs.flatMap((input) => {
    const iterator = input[Symbol.iterator]();
    const first = iterator.next();
    return first.done ? [] : [{ iterator, record: first.value }];
  });
  while (heads.length > 0) {
    let least = 0;
    for (let i = 1; i < heads.length; i++) {
      if (compareKeys(heads[i]?.record, heads[least]?.record) < 0) least = i;
    }
    const head = heads[least];
    if (!head) return;
    yield head.record;
    const next = head.iterator.next();
    if (next.done) heads.splice(least, 1);
    else head.record = next.value;
  }
}

function compareKeys(a: Buffer | undefined, b: Buffer | undefined): number {
  return a && b ? a.compare(b, 0, KEY_BYTES, 0, KEY_BYTES) : 0;
}
