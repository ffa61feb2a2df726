import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { SignedLog } from '../signed-log.js';
import { Closers, WitnessNode, until } from './witnesses.js';

const closers = new Closers();
afterAll(() => closers.close());

test('a witness that was restored from a backup learns from another one what it has forgotten', async () => {
  const log = new SignedLog('restored.example');
  const logs = [log.signer.key];
  const folder = await mkdtemp(join(tmpdir(), 'tally-node-'));
  const submit = async (node: WitnessNode, one: SignedLog, size: number): Promise<string> => {
    const note = await one.note(one.head(size));
    return (await node.submit(note, (oldSize) => one.prove(Number(oldSize), size))).kind;
  };
  const early = await WitnessNode.start({ name: 'early.example', logs, folder });
  expect(await submit(early, log, 5)).toBe('cosigned');
  await early.stop();
  const backup = await mkdtemp(join(tmpdir(), 'tally-backup-'));
  await cp(folder, backup, { recursive: true });

  const other = await WitnessNode.start({ name: 'w.example', logs, witnesses: [{ name: 'early', key: early.key }] });
  closers.add(
    () => other.remove(),
    () => other.stop(),
  );
  const options = { name: 'early.example', logs, folder, peers: [other.address] };
  const later = await WitnessNode.start(options);
  expect(await submit(later, log, 9)).toBe('cosigned');
  const heard = /tally_gossip_verdicts_total\{kind="cosigned",verdict="accept"\} [1-9]/;
  await until('the other one has the cosignature', async () =>
    heard.test(await (await fetch(`${other.url}/metrics`)).text()),
  );
  await later.stop();

  await cp(backup, folder, { recursive: true, force: true });
  const restored = await WitnessNode.start(options);
  closers.add(
    () => restored.remove(),
    () => restored.stop(),
  );
  await until('it has heard of its own cosignature', async () => (await restored.status()).outdated.length > 0);
  expect(await submit(restored, log.forkAt(5), 7)).toBe('refused');
});
