import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bodies, startDeployments, type Deployment, type Deployments } from './deployment.js';
import type { Machine } from './machine.js';
import { ENDS, Faults, FILE_FAULTS, STORE_FAULTS, type Fault } from './simulated-process.js';

const RUNS = 60;
const FAULTS = [...FILE_FAULTS, ...STORE_FAULTS, ...ENDS].filter((fault) => fault !== 'second-writer');

let deployments: Deployments;
beforeAll(async () => (deployments = await startDeployments(5 * RUNS)));
afterAll(() => deployments.close());

/** All that the model has to know: what was acknowledged is there for ever. */
interface Model {
  acknowledged: number;
}

interface Real {
  readonly deployment: Deployment;
  readonly machines: readonly { readonly machine: Machine; readonly faults: Faults }[];
}

type Step = fc.AsyncCommand<Model, Real>;

function command(name: string, at: number, run: (real: Real, machine: Machine, faults: Faults) => Promise<void>): Step {
  return {
    check: () => true,
    async run(model, real) {
      const { machine, faults } = real.machines[at]!;
      await run(real, machine, faults);
      const { recorded } = real.deployment;
      expect(await recorded.findings()).toEqual([]);
      expect(recorded.acknowledged).toBeGreaterThanOrEqual(model.acknowledged);
      model.acknowledged = recorded.acknowledged;
    },
    toString: () => `${name} (machine ${at})`,
  };
}

const which = fc.integer({ min: 0, max: 1 });
const commands = [
  fc.tuple(which, fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 150 })).map(([at, name, count]) =>
    command(`add ${count} entries ${name}`, at, async (_real, machine) => {
      await Promise.all(bodies(`entries ${name}`, count).map((body) => machine.add(body)));
    }),
  ),
  fc
    .tuple(which, fc.constantFrom<Fault>(...FAULTS), fc.integer({ min: 0, max: 40 }))
    .map(([at, fault, left]) =>
      command(`${fault} after ${left} steps`, at, async (_real, _machine, faults) => faults.arm(fault, left)),
    ),
  which.map((at) => command('start', at, (real) => startAgain(real, at))),
  which.map((at) => command('kill', at, async (_real, machine) => machine.kill())),
  which.map((at) => command('power cut', at, async (_real, machine) => machine.powerCut())),
  which.map((at) => command('stop', at, (_real, machine) => machine.stop())),
  fc
    .boolean()
    .map((down) =>
      command(down ? 'the witness is gone' : 'the witness is back', 0, async ({ deployment }) =>
        deployment.setWitnessDown(down),
      ),
    ),
  fc.integer({ min: -100_000_000, max: 100_000_000 }).map((ms) =>
    command(`the clock jumps by ${ms} ms`, ms & 1, async (_real, machine) => {
      machine.now = () => Date.now() + ms;
    }),
  ),
];

/** A fault at a start is a start that failed. Whether a log that nobody harmed starts, the end of each run tells. */
async function startAgain({ machines }: Real, at: number): Promise<void> {
  const { machine } = machines[at]!;
  const other = machines[1 - at]!.machine;
  if (!machine.hasMark) await machine.takeMarkOf(other);
  if (!machine.running) await machine.start().catch(() => undefined);
}

test('random schedules of two writers, faults, crashes and clocks: what was signed is one sequence, what was acknowledged is in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 25 }), fc.integer(), async (schedule, seed) => {
      const deployment = deployments.next(seed);
      const machines = [0, 1].map(() => {
        const faults = new Faults();
        return { faults, machine: deployment.machine({ faults, shared: true }) };
      });
      const real = { deployment, machines };
      try {
        await startAgain(real, 0);
        await machines[0]?.machine.settled();
        await startAgain(real, 1);
        await fc.asyncModelRun(() => ({ model: { acknowledged: 0 }, real }), schedule);
        deployment.setWitnessDown(false);
        for (const { faults } of machines) faults.disarm();
        // With nothing in its way the log goes on, on both machines.
        for (const [at, { machine }] of machines.entries()) {
          if (!machine.hasMark) await startAgain(real, at);
          await machine.addAll(bodies(`the last of ${at}`, 2));
        }
        expect(await deployment.recorded.findings()).toEqual([]);
      } finally {
        for (const { machine } of machines) machine.kill();
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
}, 180_000);
