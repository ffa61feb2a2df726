import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatAddCheckpointRequest } from '#libs/tlog';
import { createLogger } from '#libs/server';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { SignedLog } from '../../../../test/signed-log.js';
import { loadConfig } from '../config.js';
import { RunningWitness, WITNESS_NAME } from '../testing/running-witness.js';
import { adoptRecord } from './adopt-record.js';

/** A log with an address, which answers as the test says. */
let log: SignedLog;
let site: LocalServer;
let published: (response: ServerResponse) => void;
let witness: RunningWitness;
let listed: SignedLog;

const shows = (note: Uint8Array) => (response: ServerResponse) => void response.end(Buffer.from(note));
const missing = (response: ServerResponse): void => void response.writeHead(404).end();
const broken = (response: ServerResponse): void => void response.destroy();

beforeEach(async () => {
  log = new SignedLog('log.example.com/one');
  listed = new SignedLog('log.example.com/no-address');
  published = missing;
  site = await localServer((_request, response) => published(response));
  witness = await RunningWitness.start({ logs: [{ ...log.signer.key, url: site.url }, listed.signer.key] });
});
afterEach(async () => {
  await witness.stop();
  await site.close();
});

/** 5 was cosigned, then a copy was made, then 9 was cosigned, then the copy was put back. */
async function restoreOldBackup(of: SignedLog = log): Promise<Uint8Array> {
  expect((await witness.addCheckpoint(await of.request(0, 5))).status).toBe(200);
  await witness.stop();
  await witness.backUp('backup');
  await witness.start();
  expect((await witness.addCheckpoint(await of.request(5, 9))).status).toBe(200);
  const newest = await witness.monitor(of.origin);
  await witness.stop();
  await witness.restore('backup');
  return newest;
}

/** As it is in a backup of last week. */
async function makeOld(): Promise<void> {
  await writeFile(join(witness.data, 'last-run'), `${new Date(Date.now() - 7 * 86_400_000).toISOString()}\n`);
}

const ready = async (): Promise<number> => (await fetch(`${witness.url}/health/ready`)).status;

describe('a witness that was restored from an old backup', () => {
  test('finds its own cosignature on the published checkpoint, and cosigns no other history', async () => {
    published = shows(await restoreOldBackup());
    await witness.start();
    const fork = log.forkAt(7);
    const answer = await witness.addCheckpoint(await fork.request(5, 8));
    expect(answer).toMatchObject({ status: 503, retryAfter: null, body: expect.stringMatching(/than it remembers/) });
    expect(await ready()).toBe(503);
    const { outdated } = await witness.status();
    expect(outdated).toEqual([{ origin: log.origin, why: 'size 9 was cosigned, the record ends at 5' }]);
    expect(await witness.metric('witness_outdated_records')).toBe(1);
  });

  test('keeps to that over a restart, whatever the log says then', async () => {
    published = shows(await restoreOldBackup());
    await witness.start();
    await witness.addCheckpoint(await log.request(5, 9));
    await witness.stop();
    published = missing;
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(5, 9))).status).toBe(503);
    expect(await ready()).toBe(503);
  });

  test('finds it in a note that comes in, of a log that has no address', async () => {
    const newest = await restoreOldBackup(listed);
    await witness.start();
    const body = formatAddCheckpointRequest({ oldSize: 5n, proof: await listed.prove(5, 9), checkpoint: newest });
    expect((await witness.addCheckpoint(body)).status).toBe(503);
    expect((await witness.addCheckpoint(await listed.forkAt(7).request(5, 8))).status).toBe(503);
    expect((await witness.addCheckpoint(await log.request(0, 5))).status).toBe(200);
  });

  test('does not cosign a log that it can not look at, when the data is old; and does when it can', async () => {
    await restoreOldBackup();
    await makeOld();
    published = broken;
    await witness.start();
    expect(await witness.addCheckpoint(await log.request(5, 9))).toMatchObject({ status: 503, retryAfter: '10' });
    // Nothing that says no has to wait: what is asked here makes no signature.
    expect((await witness.addCheckpoint(await log.request(0, 9))).status).toBe(409);
    await witness.stop();
    published = shows(await log.note(log.head(5)));
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(5, 9))).status).toBe(200);
  });

  test('is no less in doubt after one more start', async () => {
    await restoreOldBackup();
    await makeOld();
    published = broken;
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(5, 9))).status).toBe(503);
    await witness.stop();
    await witness.start();
    expect((await witness.addCheckpoint(await log.forkAt(7).request(5, 8))).status).toBe(503);
  });

  test('is in doubt no more when every log with an address has been looked at', async () => {
    await makeOld();
    await witness.stop();
    await makeOld();
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(0, 5))).status).toBe(200);
    await witness.stop();
    published = broken;
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(5, 9))).status).toBe(200);
  });

  test('can be told to go on from what was found', async () => {
    published = shows(await restoreOldBackup());
    await witness.start();
    await witness.addCheckpoint(await log.request(5, 9));
    await witness.stop();
    const env = {
      TALLY_WITNESS_NAME: WITNESS_NAME,
      TALLY_WITNESS_PROFILE: 'development',
      TALLY_WITNESS_DATA_DIRECTORY: witness.data,
    };
    const quiet = createLogger('witness', { write: () => undefined });
    expect(await adoptRecord(loadConfig(env), log.origin, quiet)).toBe(9n);
    await expect(adoptRecord(loadConfig(env), log.origin, quiet)).rejects.toThrow(/nothing was found/);
    await witness.start();
    expect(await ready()).toBe(200);
    expect((await witness.addCheckpoint(await log.request(9, 12))).status).toBe(200);
    expect((await witness.addCheckpoint(await log.forkAt(7).request(5, 8))).status).toBe(409);
  });
});

describe('a witness that has all its data', () => {
  test('cosigns a log that shows an older checkpoint, or its newest, with our cosignatures', async () => {
    await witness.addCheckpoint(await log.request(0, 5));
    const older = await witness.monitor(log.origin);
    await witness.addCheckpoint(await log.request(5, 9));
    for (const note of [older, await witness.monitor(log.origin)]) {
      await witness.stop();
      published = shows(note);
      await witness.start();
      expect((await witness.addCheckpoint(await log.request(9, 9))).status).toBe(200);
    }
    expect(await ready()).toBe(200);
  });

  test('asks each log once after a start', async () => {
    await witness.addCheckpoint(await log.request(0, 5));
    await witness.addCheckpoint(await log.request(5, 9));
    expect(site.requests.map(({ path }) => path)).toEqual(['/checkpoint']);
  });

  test.each([
    ['nobody', (response: ServerResponse) => broken(response)],
    ['an error', (response: ServerResponse) => void response.writeHead(500).end()],
    ['no checkpoint', (response: ServerResponse) => void response.end('hello')],
  ])('cosigns after an ordinary restart, though the address has %s', async (_, answer) => {
    await witness.stop();
    published = answer;
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(0, 5))).status).toBe(200);
  });

  test('is not impressed by a cosignature that names its key and does not verify', async () => {
    await witness.addCheckpoint(await log.request(0, 5));
    const [text = ''] = utf8Decode(await log.note(log.head(9))).split('\n\n');
    const lines = utf8Decode(await witness.monitor(log.origin)).split('\n\n')[1] ?? '';
    await witness.stop();
    published = shows(utf8Encode(`${text}\n\n${lines}`));
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(5, 9))).status).toBe(200);
  });
});
