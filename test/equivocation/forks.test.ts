import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Flooder } from './flooder.js';
import { SplitLog } from './split-log.js';
import { Closers, allHold, type WitnessNode } from './witnesses.js';
import { WitnessNetwork } from './witness-network.js';

const NAMES = ['equal', 'small-to-most', 'large-to-most', 'late', 'victim', 'flood', 'missed'] as const;

const closers = new Closers();
const logs = new Map<string, SplitLog>();
let network: WitnessNetwork;

beforeAll(async () => {
  for (const name of NAMES) {
    const log = await SplitLog.start(`${name}.example`, name === 'late' ? LATE_FORK : 7);
    logs.set(name, log);
    closers.add(() => log.close());
  }
  // The victims of two of them see the tiles of the other branch, too.
  network = await WitnessNetwork.start({
    logs: [],
    each: (i) => ({ logs: [...logs.values()].map((log) => log.seenAt(i === VICTIM ? 'b' : 'a')) }),
  });
  closers.add(() => network.stop());
});
afterAll(() => closers.close());

const VICTIM = 4;
const LATE_FORK = 1500;
const FLOOD_HEADS = 240;

function parties(name: (typeof NAMES)[number]): { log: SplitLog; victim: WitnessNode; others: WitnessNode[] } {
  const victim = network.node(VICTIM);
  return { log: logs.get(name)!, victim, others: network.nodes.filter((node) => node !== victim) };
}

function report(what: string, ms: number): void {
  process.stdout.write(
    `  ${what}: the last of ${network.nodes.length} nodes held evidence after ${ms.toFixed(0)} ms\n`,
  );
}

describe('ten witnesses, each linked to three or four, hold evidence against a log', () => {
  test('that shows half of them another tree of the same size', async () => {
    const { log } = parties('equal');
    const began = performance.now();
    await Promise.all(network.nodes.map((node, i) => log.show(node, i % 2 === 0 ? 'a' : 'b', 20)));
    report('a fork at equal size', await allHold(network.nodes, log.key, began));
    expect((await network.node(0).provenAgainst(log.key)).evidence.kind).toBe('same-size');
  });

  test('that shows one of them a larger tree of another history', async () => {
    const { log, victim, others } = parties('small-to-most');
    await log.showAll(others, 'a', 11);
    const began = performance.now();
    await log.show(victim, 'b', 19);
    report('a larger tree to one', await allHold(network.nodes, log.key, began));
    expect((await victim.provenAgainst(log.key)).evidence.kind).toBe('different-sizes');
  });

  test('that shows one of them a smaller tree of another history', async () => {
    const { log, victim, others } = parties('large-to-most');
    await log.showAll(others, 'a', 19);
    const began = performance.now();
    await log.show(victim, 'b', 11);
    report('a smaller tree to one', await allHold(network.nodes, log.key, began));
    expect((await victim.provenAgainst(log.key)).evidence.kind).toBe('different-sizes');
  });

  test('that forks late, after a long history that all have in common', async () => {
    const { log, victim, others } = parties('late');
    for (const size of [1, 2, 255, 256, 257, 700, 1300, LATE_FORK]) await log.showAll(network.nodes, 'a', size);
    await log.showAll(others, 'a', LATE_FORK + 40);
    await log.b.sign(LATE_FORK);
    const began = performance.now();
    const answer = await log.show(victim, 'b', LATE_FORK + 30);
    expect(answer.kind).toBe('cosigned');
    report('a late fork', await allHold(network.nodes, log.key, began));
  });

  test('that shows one of them another tree of the same size', async () => {
    const { log, victim, others } = parties('victim');
    await log.showAll(others, 'a', 30);
    const began = performance.now();
    await log.show(victim, 'b', 30);
    report('a fork towards one victim', await allHold(network.nodes, log.key, began));
  });

  test('that signs hundreds of honest heads, shown to all and gossiped by strangers, to bury the other one', async () => {
    const { log, victim, others } = parties('flood');
    await log.a.sign(FLOOD_HEADS);
    const strangers = await Promise.all(
      Array.from({ length: 2 }, () => Flooder.start(network.nodes.map(({ address }) => address))),
    );
    let flooding = true;
    const flood = async (): Promise<void> => {
      for (let size = 8; flooding && size <= FLOOD_HEADS; size++) {
        const note = await log.a.sign(size);
        await Promise.all(strangers.map((stranger) => stranger.publish(note)));
        await delay(10);
      }
    };
    const feed = async (node: WitnessNode): Promise<void> => {
      for (let size = 8; flooding && size <= FLOOD_HEADS; size += 1 + Math.floor(Math.random() * 9)) {
        await log.show(node, 'a', size);
        await delay(100);
      }
    };
    const flooded = Promise.all([flood(), ...others.map(feed)]);
    await delay(500);
    const began = performance.now();
    expect((await log.show(victim, 'b', FLOOD_HEADS / 2)).kind).toBe('cosigned');
    report('a fork in a flood', await allHold(network.nodes, log.key, began));
    flooding = false;
    await flooded;
    await Promise.all(strangers.map((stranger) => stranger.stop()));
  });
});

describe('a witness', () => {
  test('that was down when the others found out learns of it when it is back', async () => {
    const { log, victim, others } = parties('missed');
    const [away, ...present] = others as [WitnessNode, ...WitnessNode[]];
    const began = { fork: 0, back: 0 };
    const back = await network.restart(network.nodes.indexOf(away), async () => {
      await log.showAll(present, 'a', 12);
      began.fork = performance.now();
      await log.show(victim, 'b', 12);
      await allHold([victim, ...present], log.key, began.fork);
    });
    began.back = performance.now();
    const ms = await allHold([back], log.key, began.back);
    process.stdout.write(`  a witness that was away held evidence ${ms.toFixed(0)} ms after its start\n`);
    expect((await back.provenAgainst(log.key)).role).toBe('log');
  });

  test('cosigns a convicted log no more, after a restart either', async () => {
    const { log, others } = parties('equal');
    const i = network.nodes.indexOf(others[1]!);
    const node = await network.restart(i);
    expect((await node.status()).frozen.map(({ origin }) => origin)).toContain(log.origin);
    await node.provenAgainst(log.key);
    const answer = await log.show(node, i % 2 === 0 ? 'a' : 'b', 25);
    expect(answer.kind).toBe('refused');
  });
});
