import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SplitLog } from './split-log.js';
import { Closers, allHold, type WitnessNode } from './witnesses.js';
import { WitnessNetwork } from './witness-network.js';

const NAMES = ['equal', 'small-to-most', 'large-to-most', 'late', 'victim', 'flood'] as const;

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

  test('that shows one of them another tree of the same size, as the log that shows it is asked again and again', async () => {
    const { log, victim, others } = parties('victim');
    await log.showAll(others, 'a', 30);
    const began = performance.now();
    await log.show(victim, 'b', 30);
    report('a fork towards one victim', await allHold(network.nodes, log.key, began));
  });
});
