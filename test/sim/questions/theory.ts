import { HOUR, SECOND, type Parameters } from '../parameters.js';
import { outcomes } from '../simulate.js';
import { mean } from '../statistics.js';
import { type Effort, type Table } from '../table.js';
import { exchangePeriods, pushRounds } from '../theory.js';

/** Everybody knows everybody, nothing is relayed, and one node holds evidence from the start. */
export function rumour(nodes: number, syncWay: 'push' | 'both'): Partial<Parameters> {
  return {
    nodes,
    openLinks: nodes - 1,
    look: 'push',
    publicHeldBy: 'everybody',
    mesh: 0,
    loss: 0,
    // A round must end before the next begins; an exchange is instantaneous.
    hop: { kind: 'lognormal', medianMs: syncWay === 'push' ? 1 : 0, sigma: 0 },
    syncMs: SECOND,
    syncWay,
    syncClock: syncWay === 'push' ? 'rounds' : 'poisson',
    mostShare: 1,
    horizonMs: HOUR,
  };
}

/** Mean periods of sync until all know. */
export function meanPeriods(world: Partial<Parameters>, runs: number, seed: number): number {
  return mean(outcomes(world, { runs, seed }).map(({ mostMs }) => mostMs / SECOND));
}

export function rumours(effort: Effort): Table {
  const seed = 14_000_000;
  const rows = [100, 300, 1000, 2000].map((nodes) => {
    const runs = effort.of(Math.ceil(10_000 / nodes));
    const push = meanPeriods(rumour(nodes, 'push'), runs, seed);
    const exchange = meanPeriods(rumour(nodes, 'both'), runs, seed);
    const columns = [pushRounds(nodes), push, exchangePeriods(nodes), exchange];
    return [String(nodes), String(runs), ...columns.map((periods) => periods.toFixed(1))];
  });
  return {
    question: 'Is the simulator right where theory has a closed form?',
    world: `f^k, d^r, b^n and o^4 stand in the tables above. Here a rumour spreads by sync alone on a complete graph: push in synchronous rounds takes log2 n + ln n + O(1) of them, pairwise exchange at Poisson clocks (n − 1)/n · H(n − 1) periods in the mean. Seed ${seed}.`,
    head: ['nodes', 'runs', 'push: theory', 'push: mean rounds', 'exchange: theory', 'exchange: mean periods'],
    rows,
  };
}
