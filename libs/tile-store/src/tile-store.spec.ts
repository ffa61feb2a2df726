import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256, toHex } from '#crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TileStore } from './tile-store.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('the tile store', () => {
  let directory: string;
  let store: TileStore;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tally-tiles-'));
    store = await TileStore.open({ directory: join(directory, 'tiles') });
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('gives back what was written, after a new start too', async () => {
    await store.writeFull([
      { path: 'tile/0/x001/234', bytes: bytes('a') },
      { path: 'tile/entries/000', bytes: bytes('b') },
    ]);
    await store.writePartial([{ path: 'tile/0/x001/235.p/7', bytes: bytes('c') }]);
    const again = await TileStore.open({ directory: join(directory, 'tiles') });
    expect(await again.read('tile/0/x001/234')).toEqual(bytes('a'));
    expect(await again.read('tile/entries/000')).toEqual(bytes('b'));
    expect(await again.read('tile/0/x001/235.p/7')).toEqual(bytes('c'));
    expect(await again.read('tile/0/x001/236')).toBeUndefined();
    expect(await again.read('tile/0/x001/235.p/7'.replace('.p/7', ''))).toBeUndefined();
  });

  test('never overwrites a full tile: the same bytes are fine, others are an error', async () => {
    await store.writeFull([{ path: 'tile/0/000', bytes: bytes('a') }]);
    await store.writeFull([{ path: 'tile/0/000', bytes: bytes('a') }]);
    const other = store.writeFull([{ path: 'tile/0/000', bytes: bytes('x') }]);
    await expect(other).rejects.toThrow(expect.objectContaining({ code: 'tile-differs' }));
    expect(await store.read('tile/0/000')).toEqual(bytes('a'));
  });

  test('writes a partial tile anew, and removes it when the full one is there', async () => {
    await store.writePartial([{ path: 'tile/0/000.p/1', bytes: bytes('torn') }]);
    await store.writePartial([{ path: 'tile/0/000.p/1', bytes: bytes('a') }]);
    expect(await store.read('tile/0/000.p/1')).toEqual(bytes('a'));
    await store.writeFull([{ path: 'tile/0/000', bytes: bytes('ab') }]);
    expect(await store.read('tile/0/000.p/1')).toBeUndefined();
    await store.writePartial([{ path: 'tile/0/000.p/2', bytes: bytes('late') }]);
    expect(await store.read('tile/0/000.p/2')).toEqual(bytes('late'));
  });

  test('leaves no temporary file behind', async () => {
    await store.writeFull([{ path: 'tile/1/000', bytes: bytes('a') }]);
    await store.writeCheckpoint(bytes('note'));
    expect(await readdir(join(directory, 'tiles/tile/1'))).toEqual(['000']);
    expect((await readdir(join(directory, 'tiles'))).sort()).toEqual(['checkpoint', 'tile']);
  });

  test('replaces the checkpoint as a whole', async () => {
    expect(await store.readCheckpoint()).toBeUndefined();
    await store.writeCheckpoint(bytes('one'));
    await store.writeCheckpoint(bytes('two'));
    expect(await store.readCheckpoint()).toEqual(bytes('two'));
    expect(await readFile(join(directory, 'tiles/checkpoint'), 'utf8')).toBe('two');
  });

  test('keeps issuers by their fingerprint', async () => {
    await store.writeIssuers([bytes('cert'), bytes('root')]);
    await store.writeIssuers([bytes('cert')]);
    expect(await store.read(`issuer/${toHex(sha256(bytes('root')))}`)).toEqual(bytes('root'));
  });

  test.each([
    '../key',
    'tile/0/../../key',
    '/etc/passwd',
    'tile/0/1',
    'tile/0/000.p/256',
    'checkpoint',
    'issuer/../x',
    'tile/0/000\0',
  ])('has no file %j', async (path) => {
    const invalid = expect.objectContaining({ code: 'invalid-path' });
    await expect(store.read(path)).rejects.toThrow(invalid);
    await expect(store.writeFull([{ path, bytes: bytes('x') }])).rejects.toThrow(invalid);
  });

  test('refuses to read a file that is larger than any of a log', async () => {
    await mkdir(join(directory, 'tiles'), { recursive: true });
    await writeFile(join(directory, 'tiles/checkpoint'), Buffer.alloc(1024 * 1024 + 1));
    await expect(store.readCheckpoint()).rejects.toThrow(expect.objectContaining({ code: 'too-large' }));
  });
});
