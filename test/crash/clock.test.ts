import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bodies, startDeployments, type Deployments } from './deployment.js';
import { Faults, type Plan } from './simulated-process.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let deployments: Deployments;
beforeAll(async () => (deployments = await startDeployments(20)));
afterAll(() => deployments.close());

describe('the time of a signature never goes back, and the log goes on,', () => {
  test.each([
    ['a day back', -DAY_MS],
    ['a day ahead', DAY_MS],
    ['ten years back', -3650 * DAY_MS],
    ['ten years ahead', 3650 * DAY_MS],
  ])('when the clock jumps %s, while it runs and while it does not', async (_how, jump) => {
    const { recorded, machine: newMachine } = deployments.next(1);
    const machine = newMachine();
    for (const [part, offset] of [0, jump, 0, jump].entries()) {
      machine.now = () => Date.now() + offset;
      if (part === 2) machine.kill();
      await machine.addAll(bodies(`part ${part}`, 3));
    }
    machine.kill();
    expect(await recorded.findings()).toEqual([]);
    expect(recorded.acknowledged).toBe(12);
  });

  test.each<Plan>([
    { step: 'append CheckpointSigned/v1', occurrence: 1, fault: 'killed-before' },
    { step: 'append CheckpointSigned/v1', occurrence: 1, fault: 'power-cut-before' },
  ])('when it jumps back after a signature that nobody was told of: $fault', async (plan) => {
    const { recorded, machine: newMachine } = deployments.next(2);
    const machine = newMachine({ faults: new Faults(plan) });
    await machine.addAll([]);
    machine.now = () => Date.now() + DAY_MS;
    await machine.add(bodies('one', 1)[0] ?? new Uint8Array(0));
    await machine.settled();
    machine.now = Date.now;
    await machine.addAll(bodies('one', 1));
    machine.kill();
    expect(await recorded.findings()).toEqual([]);
  });
});
