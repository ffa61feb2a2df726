import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { KEY_TYPE, formatVerifierKey, verifierKey, type VerifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { cosignatureVerifier, logVerifier, openCheckpoint } from '#libs/tlog';
import { openKeyFile } from '#libs/signer';
import { logService } from '../../apps/log/src/log.module.js';
import { freePorts } from '../free-ports.js';
import { Flooder } from './flooder.js';
import { SplitLog } from './split-log.js';
import { Closers, WitnessNode, allHold, keyFileIn, loopback, until, type WitnessOptions } from './witnesses.js';
import { WitnessNetwork } from './witness-network.js';

const closers = new Closers();
afterAll(() => closers.close());

async function splitLog(origin: string): Promise<SplitLog> {
  const log = await SplitLog.start(origin, 4);
  closers.add(() => log.close());
  return log;
}

async function witness(options: WitnessOptions): Promise<WitnessNode> {
  const node = await WitnessNode.start(options);
  closers.add(
    () => node.remove(),
    () => node.stop(),
  );
  return node;
}

test('a witness all of whose peers relay nothing finds the other view when it asks witnesses over HTTP', async () => {
  const log = await splitLog('eclipse.example');
  const wall = await Flooder.start([]);
  closers.add(() => wall.stop());
  const network = await WitnessNetwork.start({
    count: 4,
    logs: [log.key],
    urls: true,
    links: [
      [0, 1],
      [1, 2],
      [2, 0],
    ],
    each: (i) => (i === 3 ? { peers: [wall.address], pull: { intervalMs: 400, witnesses: 2, origins: 8 } } : {}),
  });
  closers.add(() => network.stop());
  const eclipsed = network.node(3);
  const others = network.nodes.filter((node) => node !== eclipsed);
  await log.showAll(others, 'a', 9);
  const began = performance.now();
  expect((await log.show(eclipsed, 'b', 9)).kind).toBe('cosigned');
  const ms = await allHold([eclipsed], log.key, began);
  process.stdout.write(`  an eclipsed witness held evidence after ${ms.toFixed(0)} ms\n`);
  expect((await eclipsed.status()).peers.map(({ witness: name }) => name)).toEqual([null]);
});

describe('a witness key that two nodes cosign two histories with', () => {
  test.each([
    { name: 'of one size', sizes: [9, 9] },
    { name: 'of different sizes', sizes: [9, 12] },
  ] as const)('$name is convicted by the others', async ({ name, sizes }) => {
    const log = await splitLog(`twins-${sizes.join('-')}.example`);
    const honest = await witness({ name: 'honest-1.example', logs: [log.seenAt('b')] });
    const folder = await mkdtemp(join(tmpdir(), 'tally-twins-'));
    closers.add(() => rm(folder, { recursive: true, force: true }));
    const key = await witnessKey(folder, 'twins.example');
    const witnesses = [{ name: key.name, key }];
    await honest.stop();
    const first = await honest.startAgain({ witnesses });
    closers.add(() => first.stop());
    const second = await witness({
      name: 'honest-2.example',
      logs: [log.seenAt('a')],
      witnesses,
      peers: [first.address],
    });
    const twins = await Promise.all(
      [0, 1].map(async (i) => {
        const own = await mkdtemp(join(tmpdir(), 'tally-twin-'));
        await copyKey(folder, own);
        const peers = [[first, second][i]!.address];
        return witness({ name: key.name, folder: own, logs: [log.seenAt(i === 0 ? 'a' : 'b')], peers });
      }),
    );
    const began = performance.now();
    const [one, other] = twins as [WitnessNode, WitnessNode];
    const answers = await Promise.all([log.show(one, 'a', sizes[0]), log.show(other, 'b', sizes[1])]);
    expect(answers.map(({ kind }) => kind)).toEqual(['cosigned', 'cosigned']);
    const ms = await allHold([first, second], key, began);
    process.stdout.write(`  two histories ${name}: the witness was convicted after ${ms.toFixed(0)} ms\n`);
    expect((await first.provenAgainst(key)).role).toBe('witness');
    await allHold([first, second], log.key, began);
  });
});

test('a witness behind NAT is asked over libp2p, counts towards the quorum, and may go away and come back', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tally-nat-'));
  closers.add(() => rm(directory, { recursive: true, force: true }));
  const keyFile = join(directory, 'log.key');
  const { publicKey } = await openKeyFile(keyFile, {
    role: 'rekor-log',
    algorithm: 'ed25519',
    profile: 'development',
    create: true,
  });
  const key = verifierKey('nat.tally.localhost', KEY_TYPE.ed25519, publicKey.raw);
  const p2pPort = await freePorts(1);
  const behind = await witness({
    name: 'behind.example',
    logs: [key],
    behindNat: true,
    peers: [loopback(p2pPort)],
  });
  const open = await Promise.all(['open-1', 'open-2'].map((name) => witness({ name: `${name}.example`, logs: [key] })));
  const line = (node: WitnessNode, url: string): string =>
    `witness ${node.options.name} ${formatVerifierKey(node.key)} ${url}\n`;
  const policyFile = join(directory, 'policy');
  await writeFile(
    policyFile,
    `log ${formatVerifierKey(key)}\n` +
      line(behind, `/p2p/${behind.peerId}`) +
      open.map((node) => line(node, node.url)).join('') +
      `group all 2 ${[behind, ...open].map(({ options }) => options.name).join(' ')}\nquorum all\n`,
  );
  const log = await startLog({ directory, keyFile, policyFile, p2pListen: [loopback(p2pPort)] });
  closers.add(() => log.close());

  let leaf = 0;
  /** Whose cosignatures the log's next checkpoint bears. */
  const cosigners = async (): Promise<string[]> => {
    const answer = await fetch(`${log.url}/add`, { method: 'POST', body: `leaf ${leaf++}` });
    if (!answer.ok) return [];
    const published = await fetch(`${log.url}/checkpoint`);
    if (!published.ok) return [];
    const note = new Uint8Array(await published.arrayBuffer());
    const verifiers = [behind, ...open].map((node) => cosignatureVerifier(node.key));
    const { verified } = openCheckpoint(note, [logVerifier(key), ...verifiers]);
    return verified.map(({ name }) => name);
  };
  await until('it cosigns', async () => (await cosigners()).includes(behind.options.name));
  await behind.stop();
  await until('the log goes on without it', async () => {
    const names = await cosigners();
    return !names.includes(behind.options.name) && open.every(({ options }) => names.includes(options.name));
  });
  const again = await behind.startAgain();
  closers.add(() => again.stop());
  await until('it cosigns again', async () => (await cosigners()).includes(behind.options.name));
});

async function witnessKey(folder: string, name: string): Promise<VerifierKey> {
  const { publicKey } = await openKeyFile(keyFileIn(folder), {
    role: 'witness',
    algorithm: 'ed25519',
    profile: 'development',
    create: true,
  });
  return verifierKey(name, KEY_TYPE.cosignature, publicKey.raw);
}

async function copyKey(from: string, to: string): Promise<void> {
  await copyFile(keyFileIn(from), keyFileIn(to));
}

function startLog(options: {
  directory: string;
  keyFile: string;
  policyFile: string;
  p2pListen: readonly string[];
}): Promise<RunningService> {
  const { directory, keyFile, policyFile, p2pListen } = options;
  const config = {
    profile: 'development',
    host: '127.0.0.1',
    port: 0,
    kind: 'rekor',
    origin: 'nat.tally.localhost',
    inception: new Date(),
    dataDirectory: join(directory, 'log'),
    keyFile,
    markFile: join(directory, 'mark'),
    poolLimit: 4096,
    checkpointIntervalMs: 0,
    rawAdd: true,
    policyFile,
    p2pListen,
  } as const;
  return startService(logService(config), createLogger('log', { write: () => undefined }));
}
