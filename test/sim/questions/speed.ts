import { MINUTE, SECOND, type Parameters } from '../parameters.js';
import { simulate } from '../simulate.js';
import { detection, DETECTION_HEAD, probability, round, time, times, type Effort, type Table } from '../table.js';

export function syncPeriod(effort: Effort): Table {
  const runs = effort.of(40);
  const seed = 6_000_000;
  const relays: readonly [string, Partial<Parameters>][] = [
    ['on', {}],
    ['on, 20 % lost', { loss: 0.2 }],
    ['off', { mesh: 0 }],
  ];
  const rows = relays.flatMap(([relay, world]) =>
    [10 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, Infinity].map((syncMs) => {
      const summary = simulate({ nodes: 500, adversaryShare: 0.5, reservedLinks: 2, syncMs, ...world }, { runs, seed });
      return [relay, time(syncMs), ...detection(summary)];
    }),
  );
  return {
    question: 'How much of it is anti-entropy, and how much eager relay?',
    world: `One victim of 500 honest nodes, f = 0.5, k = 8, r = 2, d = 0.1; without either nothing travels. ${runs} runs, seed ${seed}.`,
    head: ['relay', 'sync every', ...DETECTION_HEAD],
    rows,
    reading:
      'Relay gives the speed, with copies enough that a fifth may be lost; alone, the timer is slow and sure. It is needed for those who were not there (churn, below).',
  };
}

export function size(effort: Effort): Table {
  const seed = 7_000_000;
  const worlds: readonly [string, Partial<Parameters>][] = [
    ['each asks, every 10 s', { look: 'poll' }],
    ['the log pushes to all', { look: 'push' }],
    ['10 % are victims, each asks', { look: 'poll' }],
  ];
  const rows = [50, 200, 1000, 5000].flatMap((nodes) =>
    worlds.map(([how, world], i) => {
      const runs = effort.of(Math.min(200, Math.ceil(60_000 / nodes)));
      const victims = i === 2 ? nodes / 10 : 1;
      const summary = simulate({ nodes, victims, adversaryShare: 0.5, reservedLinks: 2, ...world }, { runs, seed });
      return [String(nodes), how, String(runs), ...detection(summary)];
    }),
  );
  return {
    question: 'Does it hold for thousands of nodes, and when the log pushes its heads?',
    world: `f = 0.5 (as many nodes again are the adversary's), k = 8, r = 2, d = 0.1. Seed ${seed}.`,
    head: ['honest nodes', 'heads come', 'runs', ...DETECTION_HEAD],
    rows,
    reading: 'The network adds a hop or two for ten times the nodes.',
  };
}

export function proofs(effort: Effort): Table {
  const runs = effort.of(60);
  const seed = 8_000_000;
  const rows = [
    [0, 0.05],
    [0, 0.5],
    [0.5, 0.05],
    [0.9, 0.05],
    [0.99, 0.05],
    [1, 0.05],
  ].map(([refused = 0, failure = 0]) => {
    const world: Partial<Parameters> = {
      sizes: 'different',
      tilesRefused: refused,
      tilesFailure: failure,
      reservedLinks: 2,
    };
    const summary = simulate(world, { runs, seed });
    const first = [probability(summary.undetected), times(summary.first), times(summary.most)];
    return [String(refused), String(failure), round(refused ** 200), ...first, times(summary.suspected)];
  });
  return {
    question: 'What if the two heads differ in size, and the log keeps the hidden tree’s tiles back?',
    world: `One victim of 200 honest nodes, f = 0, r = 2; the hidden head is larger, so evidence needs its tiles: median 300 ms (σ = 1), repeated after 30 s. w is the share of nodes that never get them, the other column the chance that one fetch fails. A head that stays unlinked for 10 min is a suspicion. ${runs} runs, seed ${seed}.`,
    head: [
      'w',
      'failures',
      'w^200',
      'no evidence after 1 h',
      'first evidence p50 / p95 / p99',
      '99 % p50 / p95 / p99',
      'first suspicion p50 / p95 / p99',
    ],
    rows,
    reading:
      'One node that gets the tiles convicts the log for all. Refused to everybody there is no evidence, and a suspicion after 10 minutes.',
  };
}
