import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FaultyFileSystem } from '../../../test/crash/faulty-file-system.js';
import { SimulatedDisk } from '../../../test/crash/simulated-disk.js';
import { ENDS, FILE_FAULTS, Faults, SimulatedProcess } from '../../../test/crash/simulated-process.js';
import { replaceFile } from './index.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (read: Uint8Array | undefined): string | undefined => read && new TextDecoder().decode(read);

describe('a file that is replaced', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tally-replace-'));
    path = join(directory, 'file');
  });
  afterEach(() => rm(directory, { recursive: true }));

  test('has the new bytes, and nothing is left beside it', async () => {
    await replaceFile(path, bytes('the first, which is longer'));
    await replaceFile(path, bytes('the second'));
    expect(await readFile(path, 'utf8')).toBe('the second');
    expect(await readdir(directory)).toEqual(['file']);
  });

  test('is nobody else’s to read unless it was asked for', async () => {
    await replaceFile(path, bytes('secret'));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await replaceFile(path, bytes('public'), { mode: 0o644 });
    expect((await stat(path)).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  test('is written over what a killed process left', async () => {
    await writeFile(`${path}.new`, 'half of something that was much longer');
    await replaceFile(path, bytes('whole'));
    expect(await readFile(path, 'utf8')).toBe('whole');
    expect(await readdir(directory)).toEqual(['file']);
  });

  test('that could not be renamed leaves nothing beside it', async () => {
    await expect(replaceFile(directory, bytes('x'))).rejects.toMatchObject({ code: 'EISDIR' });
    await expect(stat(`${directory}.new`)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(replaceFile(join(directory, 'nowhere', 'file'), bytes('x'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

const STEPS = [0, 1, 2].flatMap((step) => [...FILE_FAULTS, ...ENDS].map((fault) => [step, fault] as const));

test.each(STEPS)('a step %d that ends with %s leaves the old file or the new one, whole', async (step, fault) => {
  const random = [0.9, 0.1, 0.6, 0.3];
  for (let seed = 0; seed < random.length; seed++) {
    let throws = seed;
    const disk = new SimulatedDisk(() => random[throws++ % random.length] ?? 0);
    await disk.prepareDirectory('/data');
    await replaceFile('/data/file', bytes('old'), { fileSystem: disk });
    const faults = new Faults();
    faults.arm(fault, step);
    const fileSystem = new FaultyFileSystem(disk, new SimulatedProcess(faults, () => disk.powerCut()));
    const outcome = await replaceFile('/data/file', bytes('new'), { fileSystem }).then(
      () => 'done',
      () => 'failed',
    );
    expect(faults.fired).toBe(true);
    expect(['old', 'new']).toContain(text(disk.visible('/data/file')));
    disk.powerCut();
    const found = text(disk.visible('/data/file'));
    expect(outcome === 'done' ? ['new'] : ['old', 'new']).toContain(found);
    await replaceFile('/data/file', bytes('later'), { fileSystem: disk });
    expect(disk.paths()).toEqual(['/data/file']);
    expect(text(disk.durable('/data/file'))).toBe('later');
  }
});
