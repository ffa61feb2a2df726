import { afterEach, describe, expect, test } from '@jest/globals';
import { formatEvidence } from '#libs/evidence';
import { formatVerifierKey } from '#libs/note';
import { formatAddCheckpointRequest } from '#libs/tlog';
import { forkEvidence } from '../../../../test/contradictions.js';
import { localServer } from '../../../../test/local-server.js';
import { SignedLog } from '../../../../test/signed-log.js';
import { execute } from '../commands.js';
import { RunningWitness } from '../testing/running-witness.js';
import { unfreeze } from './unfreeze.js';

const running: RunningWitness[] = [];

afterEach(async () => {
  for (const witness of running.splice(0)) await witness.stop();
});

async function witnessOf(log: SignedLog): Promise<RunningWitness> {
  const witness = await RunningWitness.start({ logs: [log.signer.key] });
  running.push(witness);
  return witness;
}

async function hand(witness: RunningWitness, file: Uint8Array): Promise<number> {
  return (await fetch(`${witness.url}/evidence`, { method: 'POST', body: file as BodyInit })).status;
}

describe('a log that was caught', () => {
  test('is not known any more, through a new start, until the operator says otherwise', async () => {
    const log = new SignedLog('log.example');
    const witness = await witnessOf(log);
    expect((await witness.addCheckpoint(await log.request(0, 7))).status).toBe(200);
    expect((await witness.addCheckpoint(await log.forkAt(5).request(7, 7))).status).toBe(422);
    expect(await witness.addCheckpoint(await log.request(7, 9))).toMatchObject({
      status: 404,
      body: expect.stringMatching(
        /^a key of this log has signed two histories: see \/evidence\/[0-9a-f]{16}\.evidence\n$/,
      ),
    });
    await witness.stop();
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(7, 9))).status).toBe(404);
    expect(await witness.status()).toMatchObject({ frozen: [{ origin: 'log.example' }] });
    expect(await witness.metric('witness_frozen_logs')).toBe(1);

    await witness.stop();
    const config = { dataDirectory: witness.data } as Parameters<typeof unfreeze>[0];
    await expect(unfreeze(config, 'other.example')).rejects.toThrow(/no key is frozen/);
    expect(await unfreeze(config, 'log.example')).toEqual([formatVerifierKey(log.signer.key)]);
    await witness.start();
    expect((await witness.addCheckpoint(await log.request(7, 9))).status).toBe(200);
    // What was forgiven once is not held against it again.
    expect((await witness.addCheckpoint(await log.forkAt(5).request(9, 9))).status).toBe(422);
    expect((await witness.addCheckpoint(await log.request(9, 12))).status).toBe(200);
  });

  test('while its checkpoint waited for the look at what it published is not cosigned', async () => {
    const log = new SignedLog('log.example');
    const evidence = await forkEvidence('log.example', log.signer, { older: 5, newer: 9, forkAt: 3 });
    let asked = (): void => undefined;
    const looks = new Promise<void>((resolve) => (asked = resolve));
    let answer: (() => void) | undefined;
    const site = await localServer((_request, response) => {
      answer = () => void response.writeHead(404).end();
      asked();
    });
    const witness = await RunningWitness.start({ logs: [{ ...log.signer.key, url: site.url }] });
    running.push(witness);
    const waiting = witness.addCheckpoint(await log.request(0, 7));
    await looks;
    expect(await hand(witness, formatEvidence(evidence))).toBe(201);
    answer?.();
    expect((await waiting).status).toBe(404);
    await site.close();
  });

  test('is not cosigned under another of its keys either', async () => {
    const log = new SignedLog('log.example');
    const next = new SignedLog('log.example');
    const witness = await RunningWitness.start({ logs: [log.signer.key, next.signer.key] });
    running.push(witness);
    expect((await witness.addCheckpoint(await log.request(0, 7))).status).toBe(200);
    expect((await witness.addCheckpoint(await log.forkAt(5).request(7, 7))).status).toBe(422);
    expect((await witness.addCheckpoint(await next.request(7, 9))).status).toBe(404);
  });

  test('is not served by the mirror either', async () => {
    const log = new SignedLog('log.example');
    const witness = await RunningWitness.start({ logs: [log.signer.key], mirrors: ['log.example'] });
    running.push(witness);
    const propose = async (size: number, one: SignedLog): Promise<number> => {
      const checkpoint = await one.note(one.head(size));
      const body = formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint });
      return (await witness.post('mirror/add-checkpoint', body)).status;
    };
    expect(await propose(7, log)).toBe(200);
    // What the mirror was shown counts for the witness, which is shown the other half.
    expect((await witness.addCheckpoint(await log.forkAt(5).request(0, 7))).status).toBe(404);
    expect(await propose(7, log)).toBe(404);
  });
});

test('a key of this witness that is convicted cosigns nothing any more', async () => {
  const [log, other] = [new SignedLog('log.example'), new SignedLog('other.example')];
  const witness = await RunningWitness.start({ logs: [log.signer.key, other.signer.key] });
  running.push(witness);
  const thief = await witness.ownNoteSigner();
  expect((await witness.addCheckpoint(await log.request(0, 7))).status).toBe(200);
  const evidence = await forkEvidence('log.example', thief, { older: 5, newer: 9, forkAt: 3 });
  expect(await hand(witness, formatEvidence(evidence))).toBe(201);
  expect(await witness.addCheckpoint(await other.request(0, 7))).toMatchObject({
    status: 404,
    body: expect.stringContaining('this witness has cosigned two histories itself'),
  });
});

test('unfreeze is a command that needs an origin', async () => {
  expect(await execute(['unfreeze'], {})).toBeUndefined();
  expect(process.exitCode).toBe(2);
  process.exitCode = undefined;
});
