import { mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { DedupeIndex } from './dedupe-index.js';

const key = (i: number): string => createHash('sha256').update(String(i)).digest('binary');
const place = (i: number): { index: bigint; sequencedAtMs: bigint } => ({
  index: BigInt(i),
  sequencedAtMs: BigInt(1_700_000_000_000 + i),
});

describe('the dedupe index', () => {
  let directory: string;
  let index: DedupeIndex;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tally-dedupe-'));
    index = await DedupeIndex.create(directory);
  });
  afterEach(async () => {
    index.close();
    await rm(directory, { recursive: true });
  });

  function add(first: number, end: number): void {
    for (let i = first; i < end; i++) index.add(key(i), place(i));
  }

  test('finds every entry, in memory and in runs, and none that it does not have', async () => {
    add(0, 1000);
    await index.flush(700n);
    expect(index.flushedSize).toBe(700n);
    add(1000, 1200);
    await index.flush(1100n);
    for (let i = 0; i < 1200; i++) expect(index.find(key(i))).toEqual(place(i));
    for (let i = 1200; i < 5000; i++) expect(index.find(key(i))).toBeUndefined();
  });

  test('goes on from its runs after a new start', async () => {
    add(0, 500);
    const ranges = await index.flush(500n);
    const again = await DedupeIndex.open(directory, ranges);
    for (let i = 0; i < 500; i++) expect(again?.find(key(i))).toEqual(place(i));
    expect(again?.find(key(500))).toBeUndefined();
    again?.close();
  });

  test('merges many runs into few, finds everything in them, and removes the old ones', async () => {
    for (let i = 0; i < 40; i++) {
      add(50 * i, 50 * (i + 1));
      await index.flush(BigInt(50 * (i + 1)));
    }
    await index.removeOthers();
    expect((await readdir(directory)).length).toBeLessThanOrEqual(12);
    for (let i = 0; i < 2000; i++) expect(index.find(key(i))).toEqual(place(i));
  });

  test('finds keys that begin alike, across blocks', async () => {
    const alike = (i: number): string => `${'\0'.repeat(8)}${key(i).slice(8)}`;
    for (let i = 0; i < 600; i++) index.add(alike(i), place(i));
    await index.flush(600n);
    for (let i = 0; i < 600; i++) expect(index.find(alike(i))).toEqual(place(i));
    expect(index.find(alike(600))).toBeUndefined();
  });

  test('knows a run that is missing, cut off, of other entries, or has a flipped bit', async () => {
    add(0, 300);
    const ranges = await index.flush(300n);
    const [name = ''] = await readdir(directory);
    expect(await DedupeIndex.open(directory, [{ first: 0n, end: 299n, count: 299 }])).toBeUndefined();
    const file = await open(join(directory, name), 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, 5000);
    byte[0] = byte[0]! ^ 1;
    await file.write(byte, 0, 1, 5000);
    await file.close();
    expect(await DedupeIndex.open(directory, ranges)).toBeUndefined();
    await truncate(join(directory, name), 4000);
    expect(await DedupeIndex.open(directory, ranges)).toBeUndefined();
    await rm(join(directory, name));
    expect(await DedupeIndex.open(directory, ranges)).toBeUndefined();
  });
});
