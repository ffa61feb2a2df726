import { afterEach, describe, expect, test } from '@jest/globals';
import { verifyEvidence } from '#libs/evidence';
import { SignedLog } from '../signed-log.js';
import { WitnessNode, until } from './witnesses.js';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function witness(options: Parameters<typeof WitnessNode.start>[0]): Promise<WitnessNode> {
  const node = await WitnessNode.start(options);
  closers.push(
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
    await Promise.all([one, two].map((node) => until('evidence', async () => (await node.evidence()).length > 0)));
    console.log(`${performance.now() - began} ms`);
    for (const node of [one, two]) {
      const [entry] = await node.evidence();
      expect(verifyEvidence(await node.evidenceFile(entry!.path)).accused).toEqual(log.signer.key);
    }
  });
});
