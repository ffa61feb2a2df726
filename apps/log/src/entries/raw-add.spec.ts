import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { loadConfig } from '../config.js';
import { logService } from '../log.module.js';

const quiet = createLogger('log', { write: () => undefined });
let folder: string;
let running: RunningService | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tally-raw-add-'));
});
afterEach(async () => {
  await running?.close();
  running = undefined;
  await rm(folder, { recursive: true });
});

function settings(more: Readonly<Record<string, string>>): Record<string, string> {
  return {
    TALLY_LOG_PROFILE: 'development',
    TALLY_LOG_PORT: '0',
    TALLY_LOG_KIND: 'rekor',
    TALLY_LOG_ORIGIN: 'raw.tally.localhost',
    TALLY_LOG_INCEPTION: new Date().toISOString(),
    TALLY_LOG_DATA_DIRECTORY: join(folder, 'data'),
    TALLY_LOG_KEY_FILE: join(folder, 'key'),
    TALLY_LOG_MARK_FILE: join(folder, 'mark'),
    ...more,
  };
}

async function start(more: Readonly<Record<string, string>>): Promise<string> {
  const config = loadConfig(settings(more));
  await openKeyFile(config.keyFile, {
    role: 'rekor-log',
    algorithm: 'ed25519',
    profile: 'development',
    create: true,
  });
  running = await startService(logService(config), quiet);
  return running.url;
}

async function add(url: string, body: BodyInit): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}/add`, { method: 'POST', body });
  return { status: answer.status, text: await answer.text() };
}

describe('POST /add', () => {
  test('answers with the index in the first line, and the same one for the same leaf', async () => {
    const url = await start({ TALLY_LOG_RAW_ADD: 'true' });
    expect(await add(url, Buffer.from('a leaf'))).toEqual({ status: 200, text: '0\n' });
    expect(await add(url, Buffer.from([0xff, 0x00]))).toEqual({ status: 200, text: '1\n' });
    expect(await add(url, 'a leaf')).toEqual({ status: 200, text: '0\n' });
  });

  test('refuses a leaf that is empty, or longer than a bundle can hold', async () => {
    const url = await start({ TALLY_LOG_RAW_ADD: 'true' });
    expect(await add(url, Buffer.alloc(0))).toMatchObject({ status: 400 });
    expect(await add(url, Buffer.alloc(65_536))).toMatchObject({ status: 413 });
    expect(await add(url, Buffer.alloc(65_535))).toEqual({ status: 200, text: '0\n' });
  });

  test('is not there unless it is asked for', async () => {
    expect(await add(await start({}), '{}')).toMatchObject({ status: 404 });
  });

  test('is refused by the profile production, and by a ct log', () => {
    const wanted = { TALLY_LOG_RAW_ADD: 'true' };
    expect(() => loadConfig(settings({ ...wanted, TALLY_LOG_PROFILE: 'production' }))).toThrow(/TALLY_LOG_RAW_ADD/);
    const ct = { TALLY_LOG_KIND: 'ct', TALLY_LOG_ROOTS_FILE: 'roots.pem' };
    expect(() => loadConfig(settings({ ...wanted, ...ct }))).toThrow(/TALLY_LOG_RAW_ADD/);
  });
});
