import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { P2pTuning } from '#libs/p2p';
import { freePorts } from '../free-ports.js';
import { Cable } from './cable.js';
import { SplitLog } from './split-log.js';
import { Closers, allHold, until, type WitnessNode } from './witnesses.js';
import { WitnessNetwork, addressOf, type Links } from './witness-network.js';

/** Nodes 0 to 4 are the left side, 5 to 9 the right one; each has three or four links within. */
const WITHIN: Links = [0, 5].flatMap((first) =>
  [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 0],
    [0, 2],
    [1, 3],
    [2, 4],
  ].map(([from, to]) => [first + from!, first + to!] as const),
);
/** Who holds an end of a cable: the left one dials. */
const ACROSS: Links = [
  [1, 6],
  [3, 8],
];
const CUT_MS = 10_000;
const DETECTED_WITHIN_MS = 2_000;
/** Two heartbeats: those who were linked anew gossip to each other. */
const MESH_MS = 2_000;
const closers = new Closers();
afterAll(() => closers.close());

interface Divided {
  readonly network: WitnessNetwork;
  readonly left: readonly WitnessNode[];
  readonly right: readonly WitnessNode[];
  readonly cables: readonly Cable[];
  /** Shown to each side with another tree of the same size. */
  readonly same: SplitLog;
  /** The left side sees the larger tree, with its tiles. */
  readonly different: SplitLog;
  /** For what comes after the link is back. */
  readonly later: SplitLog;
}

/** Ten nodes, with two cables between two sides: plugged in, and pulled again. */
async function divided(label: string, tuning: Partial<P2pTuning> = {}): Promise<Divided> {
  const logs = await Promise.all(
    ['same', 'different', 'later'].map((name) => SplitLog.start(`${name}-${label}.example`, 4)),
  );
  closers.add(...logs.map((log) => () => log.close()));
  const [same, different, later] = logs as [SplitLog, SplitLog, SplitLog];
  const [first, blind] = [await freePorts(ACROSS.length), await freePorts(1)];
  const cables: Cable[] = [];
  const network = await WitnessNetwork.start({
    logs: [],
    links: WITHIN,
    each: (i, places) => {
      const end = ACROSS.findIndex((link) => link.includes(i));
      const cable = end < 0 ? undefined : (cables[end] ??= new Cable(first + end, places[ACROSS[end]![1]]!.p2pPort));
      const dials = cable !== undefined && i < 5;
      // Without a place where they can be called there is no way around the cable.
      const announce = cable && [dials ? `/ip4/127.0.0.1/tcp/${blind}` : cable.address];
      const within = WITHIN.filter(([from]) => from === i).map(([, to]) => addressOf(places, to));
      return {
        logs: [{ ...same.key }, different.seenAt(i < 5 ? 'b' : 'a'), { ...later.key }],
        peers: [...within, ...(dials ? [cable.address] : [])],
        ...(announce && { announce }),
        tuning: { redialMaxMs: 250, ...tuning },
      };
    },
  });
  closers.add(
    () => network.stop(),
    () => Promise.all(cables.map((cable) => cable.unplug())),
  );
  for (const cable of cables) await cable.plug();
  await network.linked([...WITHIN, ...ACROSS]);
  for (const cable of cables) await cable.unplug();
  await until('they are divided', async () => {
    const peers = await Promise.all(network.nodes.map(async (node) => (await node.status()).peers.length));
    return peers.reduce((sum, count) => sum + count, 0) === 2 * WITHIN.length;
  });
  const [left, right] = [network.nodes.slice(0, 5), network.nodes.slice(5)];
  return { network, left, right, cables, same, different, later };
}

async function showEachSideItsOwn({ left, right, same, different }: Divided): Promise<void> {
  await Promise.all([
    same.showAll(left, 'a', 9),
    same.showAll(right, 'b', 9),
    different.showAll(left, 'b', 17),
    different.showAll(right, 'a', 11),
  ]);
}

async function holders({ network }: Divided, log: SplitLog): Promise<number> {
  const lists = await Promise.all(network.nodes.map((node) => node.evidence()));
  return lists.filter((list) => list.some(({ origin }) => origin === log.origin)).length;
}

describe('five and five witnesses without a link between them for ten seconds, each side shown a history of its own', () => {
  let ours: Divided;
  let withoutSync: Divided;
  let cut: number;
  beforeAll(async () => {
    ours = await divided('synced');
    withoutSync = await divided('not-synced', { sync: false });
    await Promise.all([ours, withoutSync].map(showEachSideItsOwn));
    cut = performance.now();
  });

  const heal = async (side: Divided): Promise<number> => {
    await delay(CUT_MS - (performance.now() - cut));
    for (const log of [side.same, side.different]) expect(await holders(side, log)).toBe(0);
    await side.cables[0]!.plug();
    return performance.now();
  };

  test('know within two seconds of one single link', async () => {
    const healed = await heal(ours);
    for (const log of [ours.same, ours.different]) {
      const ms = await allHold(ours.network.nodes, log.key, healed);
      process.stdout.write(`  ${log.origin}: all ten knew ${ms.toFixed(0)} ms after the link was back\n`);
      expect(ms).toBeLessThan(DETECTED_WITHIN_MS);
    }
  });

  test('without anti-entropy never know, though the link carries what is new', async () => {
    await heal(withoutSync);
    const { left, right, later, network } = withoutSync;
    await network.linked([...WITHIN, ACROSS[0]!]);
    await delay(MESH_MS);
    const began = performance.now();
    await Promise.all([later.showAll(left, 'a', 9), later.showAll(right, 'b', 9)]);
    await allHold(network.nodes, later.key, began);
    await delay(DETECTED_WITHIN_MS);
    for (const log of [withoutSync.same, withoutSync.different]) expect(await holders(withoutSync, log)).toBe(0);
  });
});
