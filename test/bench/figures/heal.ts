import { setTimeout as delay } from 'node:timers/promises';
import { DividedNetwork, type Contradictions } from '../../equivocation/divided-network.js';
import type { SplitLog } from '../../equivocation/split-log.js';
import { allHold, until } from '../../equivocation/witnesses.js';
import { atMost, quantile, type Figure } from '../figure.js';

const ROUNDS = 10;
const CUT_MS = 10_000;
/** So soon all must know. */
const LIMIT_MS = 2_000;
/** Three heartbeats: those who were linked anew gossip to each other. */
const MESH_MS = 3_000;
/** Heads that came by gossip, and those that came by anti-entropy. */
const ACCEPTED = 'tally_gossip_verdicts_total{kind="checkpoint",verdict="accept"}';

/**
 * Five and five whole witnesses are apart for ten seconds, each side with a history of its own of two logs. Milliseconds from one
 * link between them until the last of the ten holds evidence that is on its disk, against two logs.
 */
export async function heal(): Promise<Figure[]> {
  const network = await DividedNetwork.start({ label: 'heal', rounds: ROUNDS, later: ROUNDS });
  const [same, different, spread]: [number[], number[], number[]] = [[], [], []];
  try {
    for (const [i, round] of network.rounds.entries()) {
      const ms = await healed(network, round);
      same.push(ms.same);
      different.push(ms.different);
      await delay(MESH_MS);
      for (const log of network.later.slice(i, i + 1)) spread.push(await spreadMs(network, log));
      await network.unplug();
    }
  } finally {
    await network.stop();
  }
  const both = same.map((ms, i) => Math.max(ms, different[i] ?? Infinity));
  const shared = { unit: 'ms', limit: LIMIT_MS, target: atMost(1) } as const;
  return [
    {
      ...shared,
      figure: 'heal',
      value: quantile(both, 0.5),
      of:
        `how soon all must know; ${ROUNDS} links after ${CUT_MS / 1000} s apart, ten whole witnesses in one process; ` +
        `p50 / worst: both logs ${pair(both)} ms, the fork at equal size ${pair(same)} ms, at different sizes ${pair(different)} ms; ` +
        `gossip's own time from the request that shows one of them an honest head until the last one has it ${pair(spread)} ms`,
    },
    { ...shared, figure: 'heal-worst', value: Math.max(...both), of: `how soon all must know; the worst of ${ROUNDS}` },
  ];
}

async function healed(
  network: DividedNetwork,
  round: Contradictions,
): Promise<{ readonly same: number; readonly different: number }> {
  const cut = delay(CUT_MS);
  await network.showEachSideItsOwn(round);
  await cut;
  for (const log of [round.same, round.different]) {
    if ((await network.holders(log)) > 0) throw new Error(`somebody knew of ${log.origin} before there was a link`);
  }
  const began = performance.now();
  await network.plug();
  const [same, different] = await Promise.all(
    [round.same, round.different].map((log) => allHold(network.nodes, log.key, began)),
  );
  return { same: same ?? Infinity, different: different ?? Infinity };
}

/** As their metrics say it: they are asked again and again, which takes a while, too. */
async function spreadMs({ nodes }: DividedNetwork, log: SplitLog): Promise<number> {
  const [first, ...others] = nodes;
  if (first === undefined) return NaN;
  const accepted = (): Promise<number[]> => Promise.all(others.map((node) => node.metric(ACCEPTED)));
  const before = await accepted();
  const began = performance.now();
  await log.show(first, 'a', 9);
  await until('all have an honest head', async () => (await accepted()).every((count, i) => count > (before[i] ?? 0)));
  return performance.now() - began;
}

function pair(samples: readonly number[]): string {
  return `${quantile(samples, 0.5).toFixed(0)} / ${Math.max(...samples).toFixed(0)}`;
}
