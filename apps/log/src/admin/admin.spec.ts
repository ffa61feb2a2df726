import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import type { LogConfig } from '../config.js';
import { logService } from '../log.module.js';
import { freezeLog } from './freeze-log.js';
import { openOffline, type OfflineLog } from './offline-log.js';
import { rebuildLog, verifyLog, type Difference, type Rebuilt } from './rebuild-log.js';

const quiet = createLogger('log', { write: () => undefined });
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rawBytes = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

function request(artifact: string): string {
  const verifier = { publicKey: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
  const content = sign('sha256', Buffer.from(artifact), privateKey).toString('base64');
  const digest = createHash('sha256').update(artifact).digest('base64');
  return JSON.stringify({ hashedRekordRequestV002: { digest, signature: { content, verifier } } });
}

/** A log over its life: started and stopped, looked after, ended. */
describe('a log', () => {
  let folder: string;
  let config: LogConfig;
  let running: RunningService | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-admin-'));
    config = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      kind: 'rekor',
      origin: 'admin-test.tally.localhost',
      inception: new Date(),
      dataDirectory: join(folder, 'data'),
      keyFile: join(folder, 'key'),
      markFile: join(folder, 'mark'),
      poolLimit: 4096,
      checkpointIntervalMs: 0,
    };
    const key = { role: 'rekor-log', algorithm: 'ed25519', profile: 'development', create: true } as const;
    await openKeyFile(config.keyFile, key);
  });
  afterEach(async () => {
    await running?.close();
    running = undefined;
    await rm(folder, { recursive: true });
  });

  const requests = new Map<string, string>();
  async function post(
    service: RunningService,
    artifact: string,
  ): Promise<{ status: number; index: string; message: string }> {
    const body = requests.get(artifact) ?? request(artifact);
    requests.set(artifact, body);
    const answer = await fetch(`${service.url}/api/v2/log/entries`, { method: 'POST', body });
    const json = (await answer.json()) as { logIndex?: string; message?: string };
    return { status: answer.status, index: json.logIndex ?? '', message: json.message ?? '' };
  }
  async function start(snapshotEntries = 20n): Promise<RunningService> {
    running = await startService(logService(config, { snapshotEntries }), quiet);
    return running;
  }
  async function stop(): Promise<void> {
    await running?.close();
    running = undefined;
  }
  async function grow(from: number, to: number): Promise<void> {
    const service = await start();
    for (let i = from; i < to; i++)
      expect(await post(service, `file ${i}`)).toMatchObject({ status: 201, index: String(i) });
    await stop();
  }
  async function offline<T>(use: (log: OfflineLog) => Promise<T>): Promise<T> {
    const log = await openOffline(config);
    try {
      return await use(log);
    } finally {
      await log.store.close();
    }
  }
  const verify = (): Promise<Rebuilt | Difference> => offline((log) => verifyLog(log, () => undefined));
  const snapshotPath = (): string => join(config.dataDirectory, 'snapshot');

  async function flip(path: string, at: number): Promise<void> {
    const bytes = await readFile(path);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    await writeFile(path, bytes);
  }

  describe('with a snapshot', () => {
    beforeEach(() => grow(0, 70));

    async function goesOn(): Promise<void> {
      const service = await start();
      for (const i of [0, 19, 42, 69])
        expect(await post(service, `file ${i}`)).toMatchObject({ status: 201, index: String(i) });
      expect(await post(service, `another`)).toMatchObject({ status: 201, index: '70' });
      await stop();
      expect(await verify()).toMatchObject({ size: 71n });
    }

    test('begins from it, and knows every entry', async () => {
      expect(await readFile(snapshotPath(), 'utf8')).toMatch(/^tally-snapshot\/v1\nadmin-test\.tally\.localhost\n/);
      expect((await readdir(join(config.dataDirectory, 'dedupe'))).length).toBeGreaterThan(0);
      await goesOn();
    });

    test('reads all its events when a bit of the snapshot has flipped', async () => {
      await flip(snapshotPath(), 60);
      await goesOn();
    });

    test('reads all its events when a run of the dedupe index is damaged, or gone', async () => {
      const [run = ''] = await readdir(join(config.dataDirectory, 'dedupe'));
      await flip(join(config.dataDirectory, 'dedupe', run), 100);
      await goesOn();
    });

    test('reads all its events when the tiles of the snapshot were lost', async () => {
      await rm(join(config.dataDirectory, 'tiles/tile'), { recursive: true });
      await goesOn();
    });

    test('does not start when the snapshot is of another history', async () => {
      const lines = (await readFile(snapshotPath(), 'utf8')).split('\n').slice(0, -2);
      lines[5] = Buffer.alloc(32, 7).toString('base64');
      const text = `${lines.join('\n')}\n`;
      await writeFile(snapshotPath(), `${text}${createHash('sha256').update(text).digest('hex')}\n`);
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'snapshot-differs' }));
    });
  });

  test('takes snapshots behind entries that keep coming', async () => {
    const service = await start(10n);
    const all = await Promise.all(Array.from({ length: 150 }, (_, i) => post(service, `burst ${i}`)));
    for (let i = 0; i < 30; i++) await post(service, `later ${i}`);
    const indexes = await Promise.all(
      all.map(async ({ index }, i) => ({ index, again: (await post(service, `burst ${i}`)).index })),
    );
    for (const { index, again } of indexes) expect(again).toBe(index);
    await stop();
    const size = Number((await readFile(snapshotPath(), 'utf8')).split('\n')[4]);
    expect(size).toBeGreaterThan(150);
  });

  describe('is verified against its events', () => {
    beforeEach(() => grow(0, 40));

    test('and is what they say', async () => {
      expect(await verify()).toMatchObject({ size: 40n, files: 2 });
    });

    test.each([
      ['a hash tile', 'tile/0/000.p/40'],
      ['an entry bundle', 'tile/entries/000.p/40'],
    ])('and the first difference in %s is named', async (_what, path) => {
      await flip(join(config.dataDirectory, 'tiles', path), 33);
      expect(await verify()).toEqual({
        path,
        problem: expect.stringMatching(/^differs at byte 33: it is \d+, the events say \d+$/),
      });
    });

    test('and a missing tile, or another checkpoint, is named', async () => {
      const tiles = join(config.dataDirectory, 'tiles');
      await flip(join(tiles, 'checkpoint'), 3);
      expect(await verify()).toEqual({ path: 'checkpoint', problem: 'is not the one that was published last' });
      await rm(join(tiles, 'tile/0/000.p'), { recursive: true });
      expect(await verify()).toEqual({ path: 'tile/0/000.p/40', problem: 'is missing' });
    });

    test('and a flipped bit in an old event, which no start would read, is found', async () => {
      const path = join(config.dataDirectory, 'events.sqlite');
      const bytes = await readFile(path);
      // SQLite leaves copies behind in pages that it has split.
      for (let at = bytes.indexOf('PKIX'); at !== -1; at = bytes.indexOf('PKIX', at + 1)) bytes[at + 5] = 0x61;
      await writeFile(path, bytes);
      await expect(verify()).rejects.toThrow(expect.objectContaining({ code: 'signed-root-differs' }));
    });

    test('and can be rebuilt from them, with the old files kept', async () => {
      await flip(join(config.dataDirectory, 'tiles/tile/0/000.p/40'), 33);
      const { size, before } = await offline((log) => rebuildLog(log, () => undefined));
      expect(size).toBe(40n);
      expect(await readdir(before)).toContain('tile');
      expect(await verify()).toMatchObject({ size: 40n });
      await grow(40, 45);
    });
  });

  describe('that was frozen', () => {
    beforeEach(async () => {
      await grow(0, 25);
      expect(await offline(freezeLog)).toBe(25n);
    });

    test('takes nothing new, answers for what it has, and keeps its final checkpoint', async () => {
      const service = await start();
      const refused = await post(service, 'too late');
      expect(refused).toMatchObject({
        status: 405,
        message: 'This log has been frozen, please switch to the latest log.',
      });
      expect(await post(service, 'file 7')).toMatchObject({ status: 201, index: '7' });
      expect(await (await fetch(`${service.url}/checkpoint`)).text()).toMatch(/^admin-test\.tally\.localhost\n25\n/);
    });

    test('stays so after a new start, and is not frozen twice', async () => {
      await start();
      await stop();
      expect(await post(await start(), 'too late')).toMatchObject({ status: 405 });
      await stop();
      await expect(offline(freezeLog)).rejects.toThrow(expect.objectContaining({ code: 'read-only' }));
      expect(await verify()).toMatchObject({ size: 25n });
    });
  });
});
