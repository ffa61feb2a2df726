import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseVerifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { originHash, openCheckpoint, logVerifier } from '#libs/tlog';
import type { LocalServer } from '../../../../test/local-server.js';
import { ed25519Signer } from '../../../../test/note-signers.js';
import type { WitnessConfig } from '../config.js';
import { verifierKeyLines } from '../print-keys.js';
import { witnessService } from '../witness.module.js';
import { mirroredLogs, openMirror } from './open-mirror.js';
import { EntryLog } from './testing/entry-log.js';

const one = new EntryLog('log.example.com/followed', 300);
const quiet = createLogger('witness', { write: () => undefined });

let directory: string;
let server: LocalServer;
let config: WitnessConfig;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'open-mirror-'));
  server = await one.serve(() => 300);
  config = {
    profile: 'development',
    host: '127.0.0.1',
    port: 0,
    name: 'witness.example.org/w1',
    keyFile: join(directory, 'witness.key'),
    mlDsaKeyFile: join(directory, 'witness-ml-dsa-44.key'),
    makeKeys: true,
    dataDirectory: directory,
    logs: [{ ...one.signer.key, url: server.url }, ed25519Signer('log.example.com/other').key],
    mirrors: [one.origin],
  };
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true });
});

async function served(witness: RunningService): Promise<string | undefined> {
  const response = await fetch(`${witness.url}/mirror/${originHash(one.origin)}/checkpoint`);
  return response.status === 200 ? response.text() : undefined;
}

test('a witness follows and serves the log that it is told to mirror, under a name and keys of its own', async () => {
  const witness = await startService(witnessService(config), quiet);
  try {
    while ((await served(witness)) === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
    const note = new TextEncoder().encode(await served(witness));
    const { checkpoint, note: parsed } = openCheckpoint(note, [logVerifier(one.signer.key)]);
    expect(checkpoint.size).toBe(300n);
    expect(parsed.signatures.map(({ name }) => name)).toEqual([
      one.origin,
      'witness.example.org/w1/mirror',
      'witness.example.org/w1/mirror',
    ]);
    // The witness has cosigned nothing: nobody has asked it.
    expect((await fetch(`${witness.url}/${originHash(one.origin)}/checkpoint`)).status).toBe(404);
  } finally {
    await witness.close();
  }
});

test('a lost key is not made a second time', async () => {
  await (await startService(witnessService(config), quiet)).close();
  const { signers } = await openMirror(config);
  expect((await openMirror(config)).signers.ed25519.publicKey).toEqual(signers.ed25519.publicKey);
  await rm(join(directory, 'mirror.key'));
  await expect(openMirror(config)).rejects.toThrow(/mirror\.key, is missing/);
});

test('the keys of the mirror are printed with those of the witness, and are not made for that', async () => {
  await expect(verifierKeyLines(config, false)).rejects.toThrow(/there is no key file/);
  const made = await verifierKeyLines(config, true);
  const names = made
    .trimEnd()
    .split('\n')
    .map((vkey) => parseVerifierKey(vkey).name);
  const [witness, mirror] = ['witness.example.org/w1', 'witness.example.org/w1/mirror'];
  expect(names).toEqual([witness, witness, mirror, mirror]);
  expect(await verifierKeyLines(config, false)).toBe(made);
  await expect(openMirror({ ...config, keyFile: join(directory, 'mirror.key') })).rejects.toThrow(/needs another/);
  await expect(openMirror({ ...config, name: 'w'.repeat(250) })).rejects.toThrow(/at most 255 bytes/);
});

test('only logs that are known are mirrored, each with all of its keys', () => {
  const second = ed25519Signer(one.origin).key;
  const logs = [...config.logs, second];
  expect(mirroredLogs({ logs, mirrors: [one.origin, one.origin] })).toEqual([
    { origin: one.origin, keys: [config.logs[0], second], url: server.url },
  ]);
  expect(() => mirroredLogs({ logs, mirrors: ['log.example.com/unknown'] })).toThrow(/no log has this name/);
});
