import { mkdtemp, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importPublicKey } from '#crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseVerifierKey } from '#libs/note';
import type { LogConfig } from '../config.js';
import { logKey } from './log-key.js';

describe.each([
  ['rekor', 0x01],
  ['ct', 0x05],
] as const)('the key of a %s log', (kind, type) => {
  let folder: string;
  let config: LogConfig;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-log-key-'));
    config = {
      profile: 'production',
      host: '127.0.0.1',
      port: 0,
      kind,
      origin: 'log.example.org',
      inception: new Date(),
      dataDirectory: join(folder, 'data'),
      keyFile: join(folder, 'key'),
      markFile: join(folder, 'mark'),
      poolLimit: 1,
      checkpointIntervalMs: 0,
    };
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is made once, for its owner alone, and is the same ever after', async () => {
    await expect(logKey(config, false)).rejects.toMatchObject({ code: 'no-key-file' });
    const made = await logKey(config, true);
    expect((await stat(config.keyFile)).mode & 0o777).toBe(0o600);
    const key = parseVerifierKey(made.verifierKey);
    expect(key).toMatchObject({ name: config.origin, type });
    expect(importPublicKey(made.spki).spki).toEqual(made.spki);
    await mkdir(config.dataDirectory);
    await writeFile(join(config.dataDirectory, 'events.sqlite'), '');
    expect(await logKey(config, true)).toEqual(made);
    expect(await logKey(config, false)).toEqual(made);
  });

  test.each(['data', 'mark'])('is not made again for a log that has its %s', async (what) => {
    if (what === 'mark') await writeFile(config.markFile, '');
    else await mkdir(join(config.dataDirectory, 'tiles'), { recursive: true });
    await expect(logKey(config, true)).rejects.toMatchObject({ code: 'other-log' });
    await expect(stat(config.keyFile)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
