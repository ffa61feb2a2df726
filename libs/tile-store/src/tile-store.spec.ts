import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256, toHex } from '#crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { SimulatedDisk } from '../../../test/crash/simulated-disk.js';
import { TileStore, type TileFile } from './index.js';
import { coded } from './tile-store-error.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('the tile store', () => {
  let directory: string;
  let store: TileStore;
  const open = (): Promise<TileStore> => TileStore.open({ directory });
  const onDisk = (path: string): string => join(directory, path);

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'tally-tiles-')), 'some', 'tiles');
    store = await open();
  });
  afterEach(() => rm(join(directory, '..', '..'), { recursive: true }));

  test('gives back what was written, after a new start too', async () => {
    const full = ['tile/0/000', 'tile/0/x001/234', 'tile/7/000', 'tile/entries/x001/x234/067', 'tile/data/000'];
    await store.writeFull(full.map((path) => ({ path, bytes: bytes(path) })));
    await store.writePartial([{ path: 'tile/0/x001/235.p/7', bytes: bytes('partial') }]);
    for (const reader of [store, await open()]) {
      for (const path of full) expect(await reader.read(path)).toEqual(bytes(path));
      expect(await reader.read('tile/0/x001/235.p/7')).toEqual(bytes('partial'));
      expect(await reader.read('tile/0/x001/235')).toBeUndefined();
    }
    expect(await readFile(onDisk('tile/0/x001/234'), 'utf8')).toBe('tile/0/x001/234');
  });

  test('writes many files at once, in many directories', async () => {
    const files = Array.from({ length: 300 }, (_, at) => ({
      path: `tile/${at % 3}/x${String(at % 7)
        .padStart(3, '0')
        .replace(/^000$/, '009')}/${String(at).padStart(3, '0')}`,
      bytes: bytes(String(at)),
    }));
    await store.writeFull(files);
    for (const file of files) expect(await store.read(file.path)).toEqual(file.bytes);
  });

  describe('a full tile', () => {
    test('may be written again with the same bytes, and stays the same file', async () => {
      const file = { path: 'tile/0/000', bytes: bytes('a') };
      await store.writeFull([file]);
      const { ino } = await stat(onDisk(file.path));
      await store.writeFull([file]);
      await (await open()).writeFull([file]);
      expect((await stat(onDisk(file.path))).ino).toBe(ino);
    });

    test.each(['x', '', 'a, and more'])('is never overwritten with other bytes: %j', async (other) => {
      await store.writeFull([{ path: 'tile/0/000', bytes: bytes('a') }]);
      const writing = store.writeFull([{ path: 'tile/0/000', bytes: bytes(other) }]);
      await expect(writing).rejects.toThrow(code('tile-differs'));
      expect(await store.read('tile/0/000')).toEqual(bytes('a'));
    });

    test('is that of the first of two writers, and an error for the other', async () => {
      const writers = await Promise.all([open(), open()]);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 40 }, (_, at) =>
          writers[at % 2]?.writeFull([{ path: 'tile/0/000', bytes: bytes(`writer ${at}`) }]),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(['tile-differs', 'io-failed']).toContain(outcome.reason.code);
      }
    });

    test('may be written by many at once with the same bytes', async () => {
      await Promise.all(Array.from({ length: 20 }, () => store.writeFull([{ path: 'tile/0/000', bytes: bytes('a') }])));
      expect(await store.read('tile/0/000')).toEqual(bytes('a'));
    });

    test('takes the place of its partial tiles, and of no others', async () => {
      const partial = ['tile/0/000.p/1', 'tile/0/000.p/255', 'tile/0/001.p/1', 'tile/entries/000.p/1'];
      await store.writePartial(partial.map((path) => ({ path, bytes: bytes(path) })));
      await store.writeFull([{ path: 'tile/0/000', bytes: bytes('full') }]);
      expect(await Promise.all(partial.map(async (path) => (await store.read(path)) !== undefined))).toEqual([
        false,
        false,
        true,
        true,
      ]);
    });

    test('that could not be written leaves its partial tiles', async () => {
      await store.writeFull([{ path: 'tile/0/000', bytes: bytes('a') }]);
      await store.writePartial([{ path: 'tile/0/000.p/1', bytes: bytes('partial') }]);
      await expect(store.writeFull([{ path: 'tile/0/000', bytes: bytes('x') }])).rejects.toThrow(code('tile-differs'));
      expect(await store.read('tile/0/000.p/1')).toEqual(bytes('partial'));
    });
  });

  test('a partial tile is replaced, whatever was there', async () => {
    await store.writePartial([{ path: 'tile/0/000.p/1', bytes: bytes('torn by a power cut') }]);
    await store.writePartial([{ path: 'tile/0/000.p/1', bytes: bytes('a') }]);
    expect(await store.read('tile/0/000.p/1')).toEqual(bytes('a'));
  });

  test('a partial tile is there after a power cut if it was to be durable, and else perhaps not', async () => {
    const disk = new SimulatedDisk(() => 0.9); // whatever can be lost is lost
    await disk.prepareDirectory('/disk');
    const onSimulated = await TileStore.open({ directory: '/disk/tiles', fileSystem: disk });
    const file = (path: string): TileFile => ({ path, bytes: bytes(path) });
    await onSimulated.writePartial([file('tile/entries/000.p/3')], { durable: true });
    await onSimulated.writePartial([file('tile/0/000.p/3')]);
    disk.powerCut();
    const again = await TileStore.open({ directory: '/disk/tiles', fileSystem: disk });
    expect(await again.read('tile/entries/000.p/3')).toEqual(bytes('tile/entries/000.p/3'));
    expect(await again.read('tile/0/000.p/3')).toBeUndefined();
  });

  test('the checkpoint is replaced as a whole', async () => {
    expect(await store.readCheckpoint()).toBeUndefined();
    await store.writeCheckpoint(bytes('one'));
    await link(onDisk('checkpoint'), onDisk('a reader that has it open'));
    await store.writeCheckpoint(bytes('two'));
    expect(await (await open()).readCheckpoint()).toEqual(bytes('two'));
    expect(await readFile(onDisk('a reader that has it open'), 'utf8')).toBe('one');
  });

  test('issuers are kept by their fingerprint', async () => {
    await store.writeIssuers([bytes('certificate'), bytes('root')]);
    await store.writeIssuers([bytes('certificate')]);
    for (const issuer of ['certificate', 'root']) {
      expect(await store.read(`issuer/${toHex(sha256(bytes(issuer)))}`)).toEqual(bytes(issuer));
    }
  });

  test('what a killed process left is gone after the next write, and nothing else is left', async () => {
    await mkdir(onDisk('.new'));
    await writeFile(onDisk('.new/half'), 'half');
    await open();
    expect(await readdir(onDisk('.new'))).toEqual(['half']); // a reader touches nothing
    await store.writeFull([{ path: 'tile/1/000', bytes: bytes('a') }]);
    await store.writePartial([{ path: 'tile/1/001.p/3', bytes: bytes('a') }]);
    await store.writeCheckpoint(bytes('note'));
    await store.writeFull([{ path: 'tile/1/000', bytes: bytes('x') }]).catch(() => undefined);
    expect(await readdir(onDisk('.new'))).toEqual([]);
    expect((await readdir(directory)).toSorted()).toEqual(['.new', 'checkpoint', 'tile']);
    expect((await readdir(onDisk('tile/1'))).toSorted()).toEqual(['000', '001.p']);
  });

  test.each([
    '',
    '.',
    '../key',
    'tile/0/../../key',
    '/etc/passwd',
    'tile/0/1',
    'tile/0/000.p/256',
    'tile/64/000',
    'checkpoint',
    '.new/half',
    'issuer/../x',
    `issuer/${'A'.repeat(64)}`,
    'tile/0/000\0',
  ])('there is no file %j', async (path) => {
    await expect(store.read(path)).rejects.toThrow(code('invalid-path'));
    await expect(store.writeFull([{ path, bytes: bytes('x') }])).rejects.toThrow(code('invalid-path'));
    await expect(store.writePartial([{ path, bytes: bytes('x') }])).rejects.toThrow(code('invalid-path'));
  });

  test('a partial tile is not written as a full one, nor the other way round', async () => {
    const [full, partial] = ['tile/0/000', 'tile/0/000.p/1'].map((path) => [{ path, bytes: bytes('a') }]);
    await expect(store.writeFull(partial ?? [])).rejects.toThrow(code('invalid-path'));
    await expect(store.writePartial(full ?? [])).rejects.toThrow(code('invalid-path'));
  });

  test.each([
    ['tile/0/000', 8192],
    ['tile/entries/000', 256 * 65537],
    [`issuer/${'0'.repeat(64)}`, 1024 * 1024],
  ])('%s has at most %d bytes, when it is written and when it is read', async (path, limit) => {
    await store.writeFull([{ path, bytes: new Uint8Array(limit) }]);
    const more = new Uint8Array(limit + 1);
    await expect(store.writeFull([{ path, bytes: more }])).rejects.toThrow(code('too-large'));
    await writeFile(onDisk(path), more);
    await expect(store.read(path)).rejects.toThrow(code('too-large'));
  });

  test('a checkpoint that is no note is not read into memory', async () => {
    await writeFile(onDisk('checkpoint'), new Uint8Array(1024 * 1024 + 1));
    await expect(store.readCheckpoint()).rejects.toThrow(code('too-large'));
  });

  test('a full disk has a code of its own', async () => {
    const writing = coded('writing', () => writeFile('/dev/full', 'a'));
    await expect(writing).rejects.toThrow(code('no-space'));
  });

  test('a failure of the file system has a code', async () => {
    await writeFile(onDisk('tile'), 'a file, where a directory should be');
    await expect(store.writeFull([{ path: 'tile/0/000', bytes: bytes('a') }])).rejects.toThrow(code('io-failed'));
    await expect(store.writePartial([{ path: 'tile/0/000.p/1', bytes: bytes('a') }])).rejects.toThrow(
      code('io-failed'),
    );
    await expect(store.read('tile/0/000')).rejects.toThrow(code('io-failed'));
    await expect(TileStore.open({ directory: onDisk('tile') })).rejects.toThrow(code('io-failed'));
  });

  test('what could not be written can be written again', async () => {
    const file = { path: 'tile/0/000', bytes: bytes('a') };
    await rm(directory, { recursive: true });
    await expect(store.writeCheckpoint(bytes('note'))).rejects.toThrow(code('io-failed'));
    await mkdir(directory);
    await writeFile(onDisk('tile'), 'a file, where a directory should be');
    await expect(store.writeFull([file])).rejects.toThrow(code('io-failed'));
    await rm(onDisk('tile'));
    await store.writeFull([file]);
    await store.writeCheckpoint(bytes('note'));
    expect([await store.read(file.path), await store.readCheckpoint()]).toEqual([bytes('a'), bytes('note')]);
  });
});
