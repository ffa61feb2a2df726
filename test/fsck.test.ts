import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { invoke, type Invocation } from '../apps/cli/src/testing/invoke.js';
import { startNetwork, type Network } from './network.js';

const ENTRIES = 3;

/** The logs of a deployment, looked at as anybody can: over HTTP, and as the folder of tiles that they write. */
describe('tally log fsck', () => {
  let network: Network;
  let work: string;

  beforeAll(async () => {
    network = await startNetwork();
    work = await mkdtemp(join(tmpdir(), 'tally-fsck-'));
    const files = Array.from({ length: ENTRIES }, (_, i) => `file-${i}`);
    for (const file of files) await writeFile(join(work, file), file);
    const signed = await tally('sign', ...files, '--identity-token', await network.token('you@example.org'));
    expect(signed).toMatchObject({ exit: 0 });
  });
  afterAll(async () => {
    await network.stop();
    await rm(work, { recursive: true });
  });

  const tally = (...argv: string[]): Promise<Invocation> =>
    invoke([...argv, '--trust-config', network.paths.trustConfig], { cwd: work });

  test('re-derives the rekor log that the trust config names', async () => {
    const { exit, stdout } = await tally('log', 'fsck', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      authenticated: true,
      log: { origin: network.origin, kind: 'rekor', treeSize: ENTRIES },
    });
    expect(exit).toBe(0);
  });

  test('re-derives the ct log, its issuers included', async () => {
    const { exit, stdout } = await tally('log', 'fsck', network.urls.ctLog, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, authenticated: true, log: { kind: 'ct' } });
    expect(exit).toBe(0);
  });

  test('re-derives a copy of the files on disk, and finds the bit that the copy lost', async () => {
    const tiles = join(network.home, 'data/rekor-log/tiles');
    await cp(tiles, join(work, 'copy'), { recursive: true });
    expect(await tally('log', 'fsck', 'copy')).toMatchObject({ exit: 0 });
    const bundle = join(work, 'copy/tile/entries', `000.p/${ENTRIES}`);
    const bytes = await readFile(bundle);
    bytes.writeUInt8(bytes.readUInt8(40) ^ 1, 40);
    await writeFile(bundle, bytes);
    const { exit, stdout } = await tally('log', 'fsck', 'copy');
    expect([exit, stdout]).toEqual([1, expect.stringContaining(`tile/entries/000.p/${ENTRIES} is wrong`)]);
  });
});
