import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { DividedNetwork, type DividedOptions } from './divided-network.js';
import type { SplitLog } from './split-log.js';
import { Closers, allHold } from './witnesses.js';

const CUT_MS = 10_000;
/** Two heartbeats: those who were linked anew gossip to each other, unless the machine was busy meanwhile. */
const MESH_MS = 2_000;
const LATER_LOGS = 6;
const LATER_WITHIN_MS = 10_000;
/** Five times what a node waits before it asks the next peer what it knows. */
const NEVER_MS = 5_000;
/** Of the whole file: what waits for a machine that is slow says itself what it waited for. */
jest.setTimeout(600_000);
const closers = new Closers();
afterAll(() => closers.close());

async function divided(options: DividedOptions): Promise<DividedNetwork> {
  const network = await DividedNetwork.start(options);
  closers.add(() => network.stop());
  return network;
}

describe('five and five witnesses without a link between them for ten seconds, each side shown a history of its own', () => {
  let ours: DividedNetwork;
  let withoutSync: DividedNetwork;
  let cut: number;
  beforeAll(async () => {
    ours = await divided({ label: 'synced' });
    withoutSync = await divided({ label: 'not-synced', later: LATER_LOGS, tuning: { sync: false } });
    await Promise.all([ours, withoutSync].map((network) => network.showEachSideItsOwn(network.rounds[0]!)));
    cut = performance.now();
  });

  const contradicted = ({ rounds }: DividedNetwork): readonly SplitLog[] =>
    rounds.flatMap(({ same, different }) => [same, different]);
  const nobodyKnows = async (network: DividedNetwork): Promise<void> => {
    for (const log of contradicted(network)) expect(await network.holders(log)).toBe(0);
  };
  const heal = async (network: DividedNetwork): Promise<number> => {
    await delay(Math.max(0, CUT_MS - (performance.now() - cut)));
    await nobodyKnows(network);
    await network.plug();
    return performance.now();
  };

  // How soon is a figure of `npm run bench heal`: here the machine may be as slow as it likes.
  test('know after one single link', async () => {
    const healed = await heal(ours);
    for (const log of contradicted(ours)) {
      const ms = await allHold(ours.nodes, log.key, healed);
      process.stdout.write(`  ${log.origin}: all ten knew ${ms.toFixed(0)} ms after the link was back\n`);
    }
  });

  test('without anti-entropy never know, though the link carries what is new', async () => {
    await heal(withoutSync);
    await withoutSync.linked();
    expect(await carriesWhatIsNew(withoutSync)).toBe(true);
    await delay(NEVER_MS);
    await nobodyKnows(withoutSync);
  });
});

/** Whether all learn of a log that contradicts itself from now on: of one of several, as gossip repairs nothing that it lost. */
async function carriesWhatIsNew({ nodes, left, right, later }: DividedNetwork): Promise<boolean> {
  for (const log of later) {
    await delay(MESH_MS);
    const began = performance.now();
    await Promise.all([log.showAll(left, 'a', 9), log.showAll(right, 'b', 9)]);
    const held = await allHold(nodes, log.key, began, LATER_WITHIN_MS).catch(() => undefined);
    if (held !== undefined) return true;
  }
  return false;
}
