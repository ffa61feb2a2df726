import { setTimeout as delay } from 'node:timers/promises';
import { SignedLog } from '../../signed-log.js';
import { compareWithMeasured } from '../../sim/calibration.js';
import { Nodes } from '../detection/nodes.js';
import { atMost, quantile, type Figure } from '../figure.js';

/** Each node dials so many others, so that it has twice as many links. */
const DIALLED = 4;
const FORKS = 30;
const WARM_UP = 4;
/** Between two rounds: evidence still goes around. */
const PAUSE_MS = 300;

/**
 * Milliseconds from the moment when a second view is shown to one of `nodes` witnesses until the last of them holds evidence that is
 * on its disk, against what gossip needs to bring an honest head to the last one.
 */
export async function detection(nodes: number): Promise<Figure[]> {
  // Two for each round: one that is honest, one that is not.
  const logs = Array.from({ length: 2 * (FORKS + WARM_UP) }, (_, i) => new SignedLog(`log-${i}.example`));
  const network = await Nodes.start(nodes, DIALLED, logs);
  const [spreadMs, measuredMs]: [number[], number[]] = [[], []];
  try {
    for (const [i, log] of logs.entries()) {
      const warm = i >= 2 * WARM_UP;
      await delay(PAUSE_MS);
      if (i % 2 === 0) {
        const ms = await network.spreadMs(log);
        if (warm) spreadMs.push(ms);
      } else {
        const ms = await network.detectionMs(log);
        if (warm) measuredMs.push(ms);
      }
    }
  } finally {
    await network.stop();
  }

  const parameters = { openLinks: Math.min(DIALLED, nodes - 1) };
  const { predicted, measured } = compareWithMeasured({
    nodes,
    hopMs: network.hopMs,
    spreadMs,
    measuredMs,
    parameters,
  });
  const heads = { p50: quantile(spreadMs, 0.5), p95: quantile(spreadMs, 0.95) };
  return [
    {
      figure: `detection-${nodes}`,
      value: measured.p50,
      unit: 'ms',
      limit: heads.p50,
      target: atMost(3),
      of:
        "gossip's own time from publishing an honest head until the last node has verified it, in turn with the forks; " +
        `${FORKS} forks at equal size; the victim is a whole witness, asked over HTTP, the others are what a witness has of gossip, ` +
        `with its store, in ten processes; p50 / p95: evidence ${pair(measured)} ms, heads ${pair(heads)} ms, ` +
        `and evidence as the simulation predicts it ${pair(predicted)} ms`,
    },
  ];
}

function pair({ p50, p95 }: { readonly p50: number; readonly p95: number }): string {
  return `${p50.toFixed(0)} / ${p95.toFixed(0)}`;
}
