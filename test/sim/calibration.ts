import { DEFAULTS, SECOND, type Machine, type Parameters } from './parameters.js';
import { outcomes } from './simulate.js';
import { quantile } from './statistics.js';

/** What was measured with real nodes on one machine. */
export interface Measurement {
  readonly nodes: number;
  /** One way between two nodes at rest: half of a ping's round trip, one sample a ping. */
  readonly hopMs: readonly number[];
  /** From handing the hidden head to one node until `until`, one sample a fork. */
  readonly measuredMs: readonly number[];
  /** `first`: the first node holds evidence; `all` (default): the last one does. */
  readonly until?: 'first' | 'all';
  /** From publishing an honest head until the last node holds it, in the same run. All nodes wait for one machine, so that
   *  a message costs it the median / nodes, whatever else it has to do. It is the honest traffic that calibrates, and the
   *  fork that checks. */
  readonly spreadMs?: readonly number[];
  /** Where the real network is not as `loopback` has it: its links, who held the public head. */
  readonly parameters?: Partial<Parameters>;
}

export interface Comparison {
  readonly nodes: number;
  readonly runs: number;
  readonly predicted: { readonly p50: number; readonly p95: number };
  readonly measured: { readonly p50: number; readonly p95: number };
  /** Measured over predicted. */
  readonly ratio: { readonly p50: number; readonly p95: number };
}

/** Where nobody measured it: what gossipsub took on a quiet machine with 50 nodes, 0.4 to 0.9 ms. */
const MESSAGE_MS = 0.5;

const RUNS = 500;

/** The world of N real nodes on one machine: no adversary, nobody fails, the others hold the public head, one is handed
 *  the hidden one at 0, and every message waits for a processor. */
export function loopback(nodes: number, hopMs: readonly number[], messageMs = MESSAGE_MS): Parameters {
  if (hopMs.length === 0) throw new RangeError('hopMs holds no sample; it should hold at least one');
  // The cost of a message contains that of its duplicates.
  const machine: Machine = { processors: 1, freshMs: messageMs, duplicateMs: 0 };
  return {
    ...DEFAULTS,
    nodes,
    nodesPerOperator: 1,
    openLinks: Math.min(DEFAULTS.openLinks, nodes - 1),
    dishonestDirectory: 0,
    victims: 1,
    look: 'push',
    lookMs: SECOND,
    pushMs: 0,
    publicHeldBy: 'others',
    hop: { kind: 'samples', ms: hopMs },
    loss: 0,
    mostShare: 1,
    machine,
  };
}

/** The model beside the real thing: it is given what a hop and a message cost, and predicts what the network does. */
export function compareWithMeasured(measurement: Measurement, { runs, seed } = { runs: RUNS, seed: 1 }): Comparison {
  const { nodes, hopMs, measuredMs, until = 'all', spreadMs, parameters = {} } = measurement;
  if (measuredMs.length === 0) throw new RangeError('measuredMs holds no sample; it should hold at least one');
  const messageMs = spreadMs && quantile(spreadMs, 0.5) / nodes;
  const world = { ...loopback(nodes, hopMs, messageMs), ...parameters };
  const predictedMs = outcomes(world, { runs, seed }).map(({ firstMs, mostMs }) =>
    until === 'first' ? firstMs : mostMs,
  );
  const [predicted, measured] = [middle(predictedMs), middle(measuredMs)];
  return {
    nodes,
    runs,
    predicted,
    measured,
    ratio: { p50: measured.p50 / predicted.p50, p95: measured.p95 / predicted.p95 },
  };
}

function middle(ms: readonly number[]): { p50: number; p95: number } {
  return { p50: quantile(ms, 0.5), p95: quantile(ms, 0.95) };
}
