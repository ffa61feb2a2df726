import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeHome, openHome, sealHome } from './home.js';
import { lockHome } from './lock.js';
import { StackError } from './stack-error.js';

describe('the home of a stack', () => {
  let parent: string;
  let path: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'tally-home-'));
    path = join(parent, '.tally');
    await makeHome(path);
  });
  afterEach(() => rm(parent, { recursive: true }));

  test('is for its owner only', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  test('is a folder', async () => {
    await writeFile(join(parent, 'file'), '');
    await expect(makeHome(join(parent, 'file'))).rejects.toThrow(
      `cannot use ${join(parent, 'file')} as TALLY_HOME: it is a file`,
    );
  });

  test('keeps its label and the time of its first start', async () => {
    const first = await openHome(path);
    await sealHome(first);
    const second = await openHome(path);
    expect(first.isNew).toBe(true);
    expect(second).toEqual({ ...first, isNew: false });
    expect(first.label).toMatch(/^[a-z0-9]{8}$/);
  });

  test('gets another label than another home', async () => {
    const other = join(parent, 'other');
    await makeHome(other);
    expect((await openHome(other)).label).not.toBe((await openHome(path)).label);
  });

  test('with a damaged label is an error, and not silently another deployment', async () => {
    await writeFile(join(path, 'stack.json'), '{"label":');
    await expect(openHome(path)).rejects.toThrow(StackError);
  });

  test('is locked by one stack at a time', async () => {
    const lock = await lockHome(path);
    await expect(lockHome(path)).rejects.toThrow(
      `another stack (process ${process.pid}) runs on ${path}: stop it, or set TALLY_HOME to another folder`,
    );
    lock.release();
    (await lockHome(path)).release();
  });

  test('is no folder that holds something else, whose mode stays as it is', async () => {
    const other = join(parent, 'other');
    await mkdir(other, { mode: 0o755 });
    await writeFile(join(other, 'letter.txt'), '');
    await expect(makeHome(other)).rejects.toThrow(/cannot use .*other as TALLY_HOME: it holds files already/);
    expect((await stat(other)).mode & 0o777).toBe(0o755);
  });

  test('that a first start left half-made is taken again', async () => {
    (await lockHome(path)).release();
    await makeHome(path);
    expect((await openHome(path)).isNew).toBe(true);
  });

  test('that cannot be made is named', async () => {
    await writeFile(join(parent, 'file'), '');
    await expect(makeHome(join(parent, 'file'))).rejects.toThrow(/cannot use .*file as TALLY_HOME/);
  });
});
