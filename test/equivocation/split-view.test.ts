import { afterAll, describe, expect, test } from '@jest/globals';
import { SignedLog } from '../signed-log.js';
import { Closers, WitnessNode, allHold, until, type WitnessOptions } from './witnesses.js';

const closers = new Closers();
afterAll(() => closers.close());

async function witness(options: WitnessOptions): Promise<WitnessNode> {
  const node = await WitnessNode.start(options);
  closers.add(
    () => node.remove(),
    () => node.stop(),
  );
  return node;
}

describe('two witnesses', () => {
  test('that are shown two histories of one size both hold the evidence', async () => {
    const log = new SignedLog('log.example');
    const logs = [log.signer.key];
    const one = await witness({ name: 'w1.example', logs });
    const two = await witness({ name: 'w2.example', logs, peers: [one.address] });
    await until('they are connected', async () => (await one.status()).peers.length === 1);
    const fork = log.forkAt(3);
    const began = performance.now();
    const empty = async (): Promise<Uint8Array[]> => [];
    const notes = [await log.note(log.head(9)), await fork.note(fork.head(9))];
    await Promise.all([one, two].map((node, i) => node.submit(notes[i]!, empty)));
    const ms = await allHold([one, two], log.signer.key, began);
    process.stdout.write(`  two witnesses held evidence after ${ms.toFixed(0)} ms\n`);
    expect((await two.provenAgainst(log.signer.key)).accused).toEqual(log.signer.key);
  });
});
