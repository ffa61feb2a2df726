import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { ecdsaSigner } from '../note-signers.js';
import { SplitLog } from './split-log.js';
import { Closers, until, type WitnessNode } from './witnesses.js';
import { WitnessNetwork } from './witness-network.js';

/** At least so long, and so many heads, however slow the machine is. */
const BUSY_MS = 20_000;
const SHOWN_MIN = 200;
const HEAD_EVERY_MS = 100;
/** Entries between two heads, at most. */
const STEP = 7;
const STALE_SIZES = 25;
/** Of one log at one node. */
const HELD_MAX = 64;
/** A level of the node's log. */
const ERROR = 50;

const closers = new Closers();
let network: WitnessNetwork;
let fast: SplitLog;
let stale: SplitLog;
let signsAnew: SplitLog;

beforeAll(async () => {
  fast = await SplitLog.start('fast.example', Infinity);
  stale = await SplitLog.start('stale.example', Infinity);
  // No two ECDSA signatures are the same, so that each node sees another one of the same head.
  signsAnew = await SplitLog.start('signs-anew.example', Infinity, ecdsaSigner('signs-anew.example'));
  const logs = [fast, stale, signsAnew];
  closers.add(...logs.map((log) => () => log.close()));
  network = await WitnessNetwork.start({
    logs: logs.map((log) => log.seenAt()),
    urls: true,
    each: () => ({ pull: { intervalMs: 1_000, witnesses: 2, origins: 3 } }),
  });
  closers.add(() => network.stop());
});
afterAll(() => closers.close());

test('honest logs raise nothing at ten witnesses: heads that are skipped, signed anew, shown late, and witnesses that restart', async () => {
  const began = performance.now();
  const [restarted, stopped] = [2, 6];
  const away = new Set<number>();
  const present = (): WitnessNode[] => network.nodes.filter((_, i) => !away.has(i));
  let held = 0;
  let shown = 0;
  const over = (): boolean => performance.now() - began > BUSY_MS && shown > SHOWN_MIN;

  const show = async (log: SplitLog, size: number): Promise<void> => {
    await log.a.sign(size);
    // Each head is for some of them only: the others skip it.
    const some = present().filter(() => Math.random() < 0.4);
    shown += some.length;
    for (const node of some) {
      if (log === signsAnew) await log.a.signAgain(size);
      void log.show(node, 'a', size).catch(() => undefined); // one that restarts at this moment does not answer
    }
  };
  const grow = async (log: SplitLog, everyMs: number, after?: (size: number) => void): Promise<void> => {
    for (let size = 1; !over(); size += 1 + Math.floor(Math.random() * STEP)) {
      await Promise.all([show(log, size), delay(everyMs)]);
      after?.(size);
    }
  };
  const restart = async (i: number, awayMs: number): Promise<void> => {
    away.add(i);
    await network.restart(i, () => delay(awayMs));
    away.delete(i);
  };
  const watch = async (): Promise<void> => {
    while (!over()) {
      for (const node of present()) held = Math.max(held, await node.metric('tally_gossip_loose_heads').catch(() => 0));
      await delay(1_000);
    }
  };
  await Promise.all([
    grow(fast, HEAD_EVERY_MS),
    grow(stale, 3 * HEAD_EVERY_MS, (size) => (stale.a.shownSize = Math.max(1, size - STALE_SIZES))),
    grow(signsAnew, 5 * HEAD_EVERY_MS),
    delay(5_000).then(() => restart(restarted, 0)),
    delay(8_000).then(() => restart(stopped, 4_000)),
    watch(),
  ]);
  stale.a.shownSize = Infinity;

  for (const node of network.nodes) {
    expect(await node.evidence()).toEqual([]);
    const { frozen, suspicions } = await node.status();
    expect([frozen, suspicions]).toEqual([[], []]);
    expect(node.lines.filter(({ level }) => Number(level) >= ERROR)).toEqual([]);
  }
  process.stdout.write(`  ${shown} heads were shown; a node held ${held} that waited for a proof, at the most\n`);
  expect(held).toBeLessThanOrEqual(3 * HELD_MAX);
  const total = async (metric: string): Promise<number> => {
    const values = await Promise.all(network.nodes.map((node) => node.metric(metric)));
    return values.reduce((sum, value) => sum + value, 0);
  };
  await until('all heads are linked', async () => (await total('tally_gossip_unlinked_logs')) === 0);
  // Of each log maybe a few that are newer than what the node was shown itself, and are linked to that.
  expect(await total('tally_gossip_loose_heads')).toBeLessThanOrEqual(3 * 3 * network.nodes.length);
});
