import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { logVerifier, openCheckpoint } from '#libs/tlog';
import { startLyingLog, type LyingLog } from './lying-log.js';

let directory: string;
let log: LyingLog;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tally-lying-'));
  log = await startLyingLog({ directory, forkAt: 3, sizes: { a: 5, b: 5 } });
});
afterAll(async () => {
  await log.close();
  await rm(directory, { recursive: true });
});

test('a lying log signs two histories with one key, and has one past', async () => {
  const [a, b] = await Promise.all((['a', 'b'] as const).map((branch) => log.note(branch)));
  const heads = [a!, b!].map((note) => openCheckpoint(note, [logVerifier(log.key)]).checkpoint);
  expect(heads.map(({ size }) => size)).toEqual([5n, 5n]);
  expect(heads[0]!.root).not.toEqual(heads[1]!.root);
  const tiles = await Promise.all(
    [log.urlA, log.urlB].map(async (url) => Buffer.from(await (await fetch(`${url}/tile/0/000.p/5`)).arrayBuffer())),
  );
  expect(tiles[0]!.subarray(0, 96)).toEqual(tiles[1]!.subarray(0, 96));
  expect(tiles[0]!.subarray(96, 128)).not.toEqual(tiles[1]!.subarray(96, 128));
});

test('its front shows the branch that the request is for', async () => {
  const shown = async (branch: string): Promise<Buffer> => {
    const answer = await fetch(`${log.url}/checkpoint`, { headers: { 'x-branch': branch } });
    return Buffer.from(await answer.arrayBuffer());
  };
  expect(await shown('a')).toEqual(Buffer.from(await log.note('a')));
  expect(await shown('b')).toEqual(Buffer.from(await log.note('b')));
});
