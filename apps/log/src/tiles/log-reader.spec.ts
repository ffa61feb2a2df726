import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from '@jest/globals';
import { ByteCache } from './byte-cache.js';
import { LogReader } from './log-reader.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

async function collectGarbage(): Promise<void> {
  await setTimeout(10); // what a WeakRef gave is held until its turn of the event loop ends
  gc();
  await setTimeout(10);
}

describe('the cache', () => {
  test('keeps what was used last, up to its bytes', () => {
    const cache = new ByteCache<string>(10);
    cache.set('a', 'A', 4);
    cache.set('b', 'B', 4);
    expect(cache.get('a')).toBe('A');
    cache.set('c', 'C', 4);
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.bytes]).toEqual(['A', undefined, 'C', 8]);
  });

  test('counts a value that is replaced once, and takes none that is larger than all of it', () => {
    const cache = new ByteCache<string>(10);
    cache.set('a', 'A', 4);
    cache.set('a', 'AA', 6);
    expect([cache.get('a'), cache.bytes]).toEqual(['AA', 6]);
    cache.set('a', 'AAA', 11);
    expect([cache.get('a'), cache.bytes]).toEqual([undefined, 0]);
  });
});

describe('the reader', () => {
  function readerOf(files: Record<string, number>, { size = 1000n, cacheBytes = 1 << 20 } = {}) {
    const reads: string[] = [];
    const log = { size };
    const tiles = {
      read: async (path: string) => {
        reads.push(path);
        const length = files[path];
        return length === undefined ? undefined : new Uint8Array(length);
      },
    };
    return { reader: new LogReader(tiles, () => log.size, cacheBytes), reads, log };
  }

  test('reads a file once, also for many at once', async () => {
    const { reader, reads } = readerOf({ 'tile/0/000': 8192 });
    const read = await Promise.all(Array.from({ length: 20 }, () => reader.read('tile/0/000')));
    expect([new Set(read).size, reads.length]).toEqual([1, 1]);
    expect(reader.hot('tile/0/000')).toBe(read[0]);
  });

  test('forgets what was used longest ago when its bytes are full', async () => {
    const paths = Array.from({ length: 100 }, (_, i) => `tile/0/${String(i).padStart(3, '0')}`);
    const { reader } = readerOf(Object.fromEntries(paths.map((path) => [path, 8192])), { cacheBytes: 200_000 });
    for (const path of paths) await reader.read(path);
    const hot = paths.filter((path) => reader.hot(path) !== undefined);
    expect(hot).toEqual(paths.slice(-21)); // of 8192 bytes and what each costs beside
  });

  test('keeps nothing about a file that is not there', async () => {
    const { reader, reads } = readerOf({});
    for (const path of ['tile/0/009', 'tile/0/009']) await reader.read(path);
    expect(reads.length).toBe(2);
  });

  test('reads a large file once for all to whom it is being sent, and keeps it no longer', async () => {
    const { reader, reads } = readerOf({ 'tile/entries/000': 5 << 20 }, { cacheBytes: 64 << 20 });
    // A range of it is as good: a socket holds on to what it has to send.
    let sent = (await reader.read('tile/entries/000'))?.identity.body.subarray(1, 2);
    await collectGarbage();
    expect(reader.hot('tile/entries/000')?.identity.body.buffer).toBe(sent?.buffer);
    sent = undefined;
    await collectGarbage();
    expect(reader.hot('tile/entries/000')).toBeUndefined();
    await reader.read('tile/entries/000');
    expect(reads.length).toBe(2);
  });

  test('compresses no file that is large: it would do so for each request', async () => {
    const { reader } = readerOf({ 'tile/entries/000': 5 << 20, 'tile/entries/001': 3 << 20 });
    expect((await reader.read('tile/entries/000'))?.compressible).toBe(false);
    expect((await reader.read('tile/entries/001'))?.compressible).toBe(true);
  });

  test('has a partial file until the published tree fills it', async () => {
    const { reader, reads, log } = readerOf({ 'tile/0/003.p/5': 160, 'tile/1/000.p/3': 96 }, { size: 1023n });
    expect(await reader.read('tile/0/003.p/5')).toBeDefined();
    expect(await reader.read('tile/1/000.p/3')).toBeDefined();
    log.size = 1024n;
    expect(await reader.read('tile/0/003.p/5')).toBeUndefined();
    expect(await reader.read('tile/1/000.p/3')).toBeDefined();
    log.size = 65_536n;
    expect(await reader.read('tile/1/000.p/3')).toBeUndefined();
    expect(reads.length).toBe(2);
  });
});
