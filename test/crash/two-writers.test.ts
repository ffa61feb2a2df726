import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bodies, seeded, startDeployments, type Deployments } from './deployment.js';
import type { Machine } from './machine.js';

const SEEDS = [1, 2, 3, 4];
const TURNS = 60;
const LONGEST_PAUSE_MS = 4;

let deployments: Deployments;
beforeAll(async () => (deployments = await startDeployments(20)));
afterAll(() => deployments.close());

describe('two writers on one store, with random pauses, kills and power cuts', () => {
  test.each(SEEDS)('have one history: seed %d', async (seed) => {
    const random = seeded(seed);
    const pause = async (): Promise<void> => {
      if (random() < 0.2) await delay(random() * LONGEST_PAUSE_MS);
    };
    const { recorded, machine } = deployments.next(seed);
    const machines = [machine({ shared: true, pause }), machine({ shared: true, pause })] as const;
    const [one, other] = machines;
    await one.addAll(bodies('first', 1));
    await other.takeMarkOf(one);
    const under: Promise<unknown>[] = [];
    for (let turn = 0; turn < TURNS; turn++) {
      await delay(random() * LONGEST_PAUSE_MS * 2);
      const chosen: Machine = random() < 0.5 ? one : other;
      const chance = random();
      if (!chosen.running) await chosen.ensureRunning();
      else if (chance < 0.06) chosen.powerCut();
      else if (chance < 0.12) chosen.kill();
      else if (chance < 0.16) await chosen.stop();
      else {
        // Often the same entries as the other one has.
        const entries = bodies(chance < 0.5 ? `both ${turn % 7}` : `turn ${turn}`, 1 + Math.floor(random() * 30));
        under.push(...entries.map((entry) => chosen.add(entry)));
      }
    }
    await Promise.all(under);
    for (const last of machines) await last.addAll(bodies('both in the end', 3));
    for (const last of machines) await last.stop();
    expect(await recorded.findings()).toEqual([]);
    expect(one.starts + other.starts).toBeGreaterThan(4);
    expect(recorded.acknowledged).toBeGreaterThan(200);
    expect(new Set(recorded.seen.map(({ size }) => size)).size).toBeGreaterThan(10);
  });
});
