import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { bodies, startDeployments, type Deployments } from './deployment.js';

const SEEDS = 80;
/** A snapshot is written after its checkpoint is published. */
const SNAPSHOT_WRITTEN_MS = 25;
const STORIES_AT_ONCE = 8;
/** Entries from one power cut to the next: enough for a snapshot, a few more, and enough for a full tile. */
const PARTS = [60, 1, 2, 200, 3];

let deployments: Deployments;
beforeAll(async () => (deployments = await startDeployments(SEEDS)));
afterAll(() => deployments.close());

async function tell(seed: number): Promise<readonly string[]> {
  const { recorded, machine: newMachine } = deployments.next(seed);
  const machine = newMachine();
  try {
    for (const [part, count] of PARTS.entries()) {
      await machine.addAll(bodies(`part ${part}`, count));
      if (seed % 3 > 0) await delay(SNAPSHOT_WRITTEN_MS);
      if (seed % 2 === 0 || part > 1) machine.powerCut();
    }
    await machine.addAll([]);
  } catch (error) {
    recorded.violation(String(error));
  }
  machine.kill();
  return recorded.findings();
}

test('a log starts after any power cut, and can prove what it published', async () => {
  const wrong: unknown[] = [];
  const seeds = Array.from({ length: SEEDS }, (_, seed) => seed).values();
  const tellAll = async (): Promise<void> => {
    for (const seed of seeds) {
      const findings = await tell(seed);
      if (findings.length > 0) wrong.push({ seed, findings });
    }
  };
  await Promise.all(Array.from({ length: STORIES_AT_ONCE }, tellAll));
  expect(wrong).toEqual([]);
});
