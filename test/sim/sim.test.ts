import { describe, expect, test } from '@jest/globals';
import { compareWithMeasured, loopback } from './calibration.js';
import { EventQueue } from './event-queue.js';
import { run } from './model.js';
import { DEFAULTS, HOUR, MINUTE, SECOND, type Parameters } from './parameters.js';
import { meanPeriods, rumour } from './questions/theory.js';
import { Random } from './random.js';
import { outcomes, simulate } from './simulate.js';
import { exchangePeriods, isolated, pushRounds } from './theory.js';
import { ADVERSARY, Topology } from './topology.js';

const SEED = 42;
const SMALL: Partial<Parameters> = { nodes: 30, inboundTaken: true };

describe('a run', () => {
  test('is the same for the same seed, and another for another', () => {
    const world = { ...DEFAULTS, adversaryShare: 0.5, reservedLinks: 2, upMs: 30 * MINUTE, downMs: 10 * MINUTE };
    expect(run(world, SEED)).toEqual(run(world, SEED));
    expect(run(world, SEED)).not.toEqual(run(world, SEED + 1));
    // Numbers that were seen once: a change of the model has to say so.
    expect(Math.round(run(DEFAULTS, SEED).firstMs)).toBe(6272);
  });

  test('takes events in the order of time', () => {
    const random = new Random(SEED);
    const queue = new EventQueue();
    const times = Array.from({ length: 1000 }, () => random.next());
    for (const ms of times) queue.push(ms, 0, 0);
    expect(times.map(() => queue.pop()?.ms)).toEqual(times.toSorted((a, b) => a - b));
    expect(queue.pop()).toBeUndefined();
  });
});

describe('detection', () => {
  test('takes the victim’s next look at the log and a few hops', () => {
    const { first, most, undetected } = simulate({ adversaryShare: 0.5, nodes: 100 }, { runs: 150, seed: SEED });
    expect(undetected.value).toBe(0);
    expect(first.p50).toBeGreaterThan(4 * SECOND);
    expect(first.p50).toBeLessThan(6 * SECOND);
    expect(first.p95).toBeGreaterThan(9 * SECOND);
    expect(first.p95).toBeLessThan(10.5 * SECOND);
    expect(most.p95 - first.p95).toBeLessThan(0.5 * SECOND);
  });

  test('takes hops alone when the log pushes', () => {
    const { first, most } = simulate({ look: 'push', nodes: 1000 }, { runs: 10, seed: SEED });
    expect(first.p95).toBeLessThan(300);
    expect(most.p95).toBeLessThan(500);
  });

  test('does not come when nothing travels', () => {
    const { undetected } = simulate({ nodes: 20, mesh: 0, syncMs: Infinity }, { runs: 10, seed: SEED });
    expect(undetected.value).toBe(1);
  });

  test('comes by anti-entropy alone, at its period', () => {
    const { undetected, first, most } = simulate({ nodes: 100, mesh: 0 }, { runs: 20, seed: SEED });
    expect(undetected.value).toBe(0);
    expect(first.p95).toBeLessThan(MINUTE);
    expect(most.p95).toBeGreaterThan(MINUTE);
  });

  test('comes for most when those who were down are back', () => {
    const world = { nodes: 60, reservedLinks: 4, upMs: 20 * MINUTE, downMs: 5 * MINUTE, mostShare: 1 };
    const { most, unspread } = simulate(world, { runs: 10, seed: SEED });
    expect(most.p50).toBeGreaterThan(MINUTE);
    expect(unspread.value).toBeLessThan(0.2);
  });

  test('needs the tiles when sizes differ: of one node for evidence, of none for a suspicion', () => {
    const world = { nodes: 100, sizes: 'different' } as const;
    const half = simulate({ ...world, tilesRefused: 0.5 }, { runs: 20, seed: SEED });
    expect(half.undetected.value).toBe(0);
    expect(half.suspected.p50).toBe(Infinity);
    const refused = simulate({ ...world, tilesRefused: 1 }, { runs: 3, seed: SEED });
    expect(refused.undetected.value).toBe(1);
    expect(refused.suspected.p95).toBeGreaterThan(10 * MINUTE);
    expect(refused.suspected.p95).toBeLessThan(11 * MINUTE);
  });
});

describe('the simulator agrees with theory', () => {
  const within = (value: number, { low, high }: { low: number; high: number }): void => {
    expect(value).toBeGreaterThanOrEqual(low);
    expect(value).toBeLessThanOrEqual(high);
  };

  test('f^k: all open links of a victim end at the adversary', () => {
    const { undetected } = simulate({ ...SMALL, openLinks: 4, adversaryShare: 0.8 }, { runs: 200, seed: SEED });
    within(isolated(0.8, 4, 0, 0), undetected);
  });

  test('f^k d^r: and so do its reserved links', () => {
    const world = { ...SMALL, openLinks: 2, adversaryShare: 0.9, reservedLinks: 1, dishonestDirectory: 0.3 };
    within(isolated(0.9, 2, 0.3, 1), simulate(world, { runs: 400, seed: SEED }).undetected);
  });

  test('b^n: all answers of the pull are stopped', () => {
    const world = { nodes: 20, eclipsedShare: 0.05, dishonestDirectory: 0, pullMs: 10 * MINUTE, pullBlocked: 0.9 };
    within(0.9 ** 12, simulate(world, { runs: 150, seed: SEED }).undetected);
  });

  test('a rumour takes log2 n + ln n rounds of push, and (n − 1)/n · H(n − 1) periods of exchange', () => {
    const nodes = 300;
    expect(Math.abs(meanPeriods(rumour(nodes, 'push'), 12, SEED) - pushRounds(nodes))).toBeLessThan(1.5);
    expect(meanPeriods(rumour(nodes, 'both'), 20, SEED) / exchangePeriods(nodes)).toBeCloseTo(1, 0);
  });
});

test('an honest log raises no alarm whatever fails', () => {
  const trouble: Partial<Parameters> = {
    nodes: 40,
    victims: 0,
    reservedLinks: 2,
    publishMs: 30 * SECOND,
    wholeHorizon: true,
    loss: 0.2,
    tilesFailure: 0.5,
    upMs: 30 * MINUTE,
    downMs: 10 * MINUTE,
    operatorsDown: 0.5,
    outageMs: 20 * MINUTE,
    adversaryShare: 0.8,
    dishonestDirectory: 0.5,
    pullMs: 10 * MINUTE,
  };
  for (const sizes of ['same', 'different'] as const) {
    const all = outcomes({ ...trouble, sizes }, { runs: 2, seed: SEED });
    expect(all.map(({ falseAlarms }) => falseAlarms)).toEqual([0, 0]);
    expect(all.every(({ messages }) => messages.relay > 1000 && messages.tiles > 1000)).toBe(true);
  }
  // The same world with a victim is caught: the silence is not that of a broken rule.
  expect(simulate({ ...trouble, victims: 1 }, { runs: 2, seed: SEED }).undetected.value).toBe(0);
});

describe('links', () => {
  test('reserved ones go to different operators of the directory', () => {
    const world = { ...DEFAULTS, reservedLinks: 4, dishonestDirectory: 0, openLinks: 2, nodes: 400 };
    const topology = new Topology(world, new Random(SEED));
    const outsiders = [...topology.reserved.keys()].filter((node) => !topology.directory.includes(node));
    for (const node of outsiders) {
      const peers = topology.reserved[node] ?? [];
      expect(peers.every((peer) => topology.directory.includes(peer))).toBe(true);
      expect(new Set(peers.map((peer) => topology.operatorOf(peer))).size).toBe(4);
    }
  });

  test('an eclipsed node has no honest open link', () => {
    const world = { ...DEFAULTS, victims: 10, eclipsedShare: 0.05 };
    const topology = new Topology(world, new Random(SEED));
    const victims = [...topology.victims.keys()].filter((node) => topology.victims[node] === 1);
    expect(victims.map((node) => topology.open[node])).toEqual(Array.from({ length: 10 }, () => []));
    expect(topology.directory.filter((node) => node !== ADVERSARY && victims.includes(node))).toEqual([]);
  });

  test('Sybils that arrive take the open links of those who redial', () => {
    const world = { ...SMALL, linkLifeMs: HOUR, sybilsPerHour: 10, warmupMs: 24 * HOUR };
    expect(simulate(world, { runs: 20, seed: SEED }).undetected.value).toBeGreaterThan(0.5);
    expect(simulate({ ...world, warmupMs: 0 }, { runs: 20, seed: SEED }).undetected.value).toBe(0);
  });
});

describe('beside real nodes', () => {
  const hopMs = [0.3, 0.4, 0.5, 0.9];

  test('the prediction grows with the nodes that share a machine', () => {
    const p50 = (nodes: number): number =>
      compareWithMeasured({ nodes, hopMs, measuredMs: [1] }, { runs: 100, seed: SEED }).predicted.p50;
    expect(p50(10)).toBeLessThan(p50(25));
    expect(p50(25)).toBeLessThan(p50(50));
  });

  test('a network that is the model has ratio 1', () => {
    const measuredMs = outcomes(loopback(25, hopMs), { runs: 200, seed: SEED }).map(({ mostMs }) => mostMs);
    const { ratio } = compareWithMeasured({ nodes: 25, hopMs, measuredMs });
    expect(ratio.p50).toBeCloseTo(1, 0);
    expect(ratio.p95).toBeCloseTo(1, 0);
  });
});
