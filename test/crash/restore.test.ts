import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { bodies, startDeployments, type Deployment, type Deployments } from './deployment.js';
import { RealLog } from './real-log.js';

let deployments: Deployments;
let deployment: Deployment;
let log: RealLog;

beforeAll(async () => (deployments = await startDeployments(40)));
afterAll(() => deployments.close());
beforeEach(async () => {
  deployment = deployments.next(0, 'real');
  log = await RealLog.create(deployment.recorded, deployment.policyFile);
});
afterEach(() => log.remove());

async function copyOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(log.config.dataDirectory, path)));
}

/** It doesn't start, says why, and has signed nothing. */
async function expectRefusal(code: string, why: RegExp): Promise<void> {
  const signed = deployment.recorded.seen.length;
  await expect(log.start()).rejects.toMatchObject({ code, message: expect.stringMatching(why) });
  expect(deployment.recorded.seen.length).toBe(signed);
}

describe('an older backup is refused, before anything is signed:', () => {
  test('of the store alone, by the mark', async () => {
    await log.runOnce(bodies('before', 3));
    const store = await copyOf('events.sqlite');
    await log.runOnce(bodies('after', 5));
    for (const name of ['events.sqlite', 'events.sqlite-wal'])
      await rm(join(log.config.dataDirectory, name), { force: true });
    await writeFile(join(log.config.dataDirectory, 'events.sqlite'), store);
    await expectRefusal('mark-ahead', /size 8 was signed, the store has 3 entries.*older copy/);
  });

  test('of the whole data folder, by the mark', async () => {
    await log.runOnce(bodies('before', 60));
    const backup = await log.backUp('data');
    await log.runOnce(bodies('after', 5));
    await backup.restore();
    await expectRefusal('mark-ahead', /size 65 was signed, the store has 60 entries.*older copy/);
  });

  test('of everything on the machine, the mark included, by a witness', async () => {
    await log.runOnce(bodies('before', 60));
    const backup = await log.backUp();
    await log.runOnce(bodies('after', 5));
    await backup.restore();
    await expectRefusal('published-ahead', /witness w1 knows a head of .* 65 entries.*has 60 entries.*older copy/);
  });

  test('of everything but the published checkpoint, by that', async () => {
    await log.runOnce(bodies('before', 3));
    const backup = await log.backUp();
    await log.runOnce(bodies('after', 5));
    const checkpoint = await copyOf('tiles/checkpoint');
    await backup.restore();
    await writeFile(join(log.config.dataDirectory, 'tiles/checkpoint'), checkpoint);
    deployment.setWitnessDown(true);
    await expectRefusal('published-ahead', /the published checkpoint knows a head of .* 8 entries/);
  });

  test('and so is a folder that has gone its own way since, by the mark', async () => {
    await log.runOnce(bodies('before', 3));
    const backup = await log.backUp();
    await log.runOnce(bodies('here', 5));
    const mark = await readFile(log.config.markFile);
    await backup.restore();
    // The same backup on another machine, without the witness, which would have told.
    const elsewhere = await RealLog.create(deployment.recorded, undefined, log.home);
    await elsewhere.runOnce(bodies('elsewhere', 5));
    await writeFile(log.config.markFile, mark);
    await expectRefusal('mark-differs', /don't lead to the root that was signed at size 8/);
  });
});

describe('a flipped bit is found before anything is signed:', () => {
  async function flip(path: string, at: (bytes: Uint8Array) => number): Promise<void> {
    const bytes = await copyOf(path);
    const place = at(bytes);
    expect(place).toBeGreaterThanOrEqual(0);
    bytes[place]! ^= 1;
    await writeFile(join(log.config.dataDirectory, path), bytes);
  }

  test('in an entry in the event store', async () => {
    await log.runOnce(bodies('some', 5));
    await flip('events.sqlite', (bytes) => Buffer.from(bytes).indexOf('some, number 3'));
    await expectRefusal('damaged-event', /has other bytes than when it was written/);
  });

  test('in a full tile', async () => {
    await log.runOnce(bodies('some', 270));
    await rm(join(log.config.dataDirectory, 'snapshot'), { force: true });
    await flip('tiles/tile/0/000', () => 1000);
    await expectRefusal('tile-differs', /tile\/0\/000 on the disk/);
  });

  test('in a full bundle', async () => {
    await log.runOnce(bodies('some', 270));
    await rm(join(log.config.dataDirectory, 'snapshot'), { force: true });
    await flip('tiles/tile/entries/000', () => 1000);
    await expectRefusal('tile-differs', /tile\/entries\/000 on the disk/);
  });

  test.each(['snapshot', 'tiles/tile/0/000.p/60', 'tiles/tile/entries/000.p/60'])(
    'in %s, which is derived: the events are read instead, and the log goes on',
    async (path) => {
      await log.runOnce(bodies('some', 60));
      await flip(path, (bytes) => bytes.length >> 1);
      await log.runOnce(bodies('more', 2));
      expect(await log.findings()).toEqual([]);
    },
  );

  test('in the mark', async () => {
    await log.runOnce(bodies('some', 5));
    const mark = new Uint8Array(await readFile(log.config.markFile));
    const lines = Buffer.from(mark).toString().split('\n');
    await writeFile(log.config.markFile, lines.with(2, '4').join('\n'));
    await expectRefusal('mark-differs', /size 4/);
  });
});

test('a second process on the same folder is refused, and the first goes on', async () => {
  await log.start();
  await log.add(bodies('before', 3));
  const second = await RealLog.create(deployment.recorded, deployment.policyFile, log.home);
  await expect(second.start()).rejects.toMatchObject({ code: 'store-locked' });
  await log.add(bodies('after', 3));
  await log.stop();
  expect(await log.findings()).toEqual([]);
});

test('while the witness is gone nothing is published, and when it is back the same entries are', async () => {
  await log.start();
  await log.add(bodies('before', 1));
  deployment.setWitnessDown(true);
  const [body = new Uint8Array(0)] = bodies('meanwhile', 1);
  const { index } = await log.log.add(body, body.length);
  await delay(300);
  expect(log.log.current()?.size).toBe(1n);
  deployment.setWitnessDown(false);
  expect((await log.log.published(index)).size).toBe(2n);
  expect(await log.log.add(body, body.length)).toMatchObject({ index });
  await log.stop();
  expect(await log.findings()).toEqual([]);
});
