import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bodies, startDeployments, type Deployment, type Deployments } from './deployment.js';
import type { Machine } from './machine.js';
import { readableFrom } from './readable.js';
import { ENDS, Faults, FILE_FAULTS, STORE_FAULTS, type Fault, type Plan } from './simulated-process.js';

/** Steps whose name says that they are an append. */
const isAppend = (step: string): boolean => step.startsWith('append ');

/** They wait for their retries together. */
const STORIES_AT_ONCE = 8;

let deployments: Deployments;
/** Every step that the story takes, and how often. */
let steps: ReadonlyMap<string, number>;
let stories = 0;

beforeAll(async () => {
  deployments = await startDeployments(5_000);
  const { faults } = await tell();
  steps = faults.reached;
});
afterAll(() => deployments.close());

/**
 * The first checkpoint; a few entries; enough for full tiles; an orderly end and a new start; some more; a kill; the last.
 * Every entry is brought again until it is acknowledged, and everything acknowledged is published before the next part.
 */
async function tell(plan?: Plan): Promise<{ faults: Faults; findings: readonly string[] }> {
  const faults = new Faults(plan);
  const deployment = deployments.next(stories++);
  const { recorded } = deployment;
  const disk = deployment.disk();
  const machine: Machine = deployment.machine({
    faults,
    disk,
    shared: true,
    secondWriter: () => intervene(deployment, machine),
  });
  try {
    await machine.addAll([]);
    await machine.addAll(bodies('one', 3));
    await machine.addAll(bodies('many', 258));
    await machine.stop();
    await machine.addAll(bodies('more', 2));
    machine.kill();
    await machine.addAll(bodies('last', 1));
  } catch (error) {
    recorded.violation(`the log did not go on: ${String(error)}`);
  }
  machine.kill();
  return {
    faults,
    findings: [...(await recorded.findings()), ...(await readableFrom(disk, machine.config, recorded))],
  };
}

/** Another machine takes its turn, with an entry that both have and one that only it has. */
async function intervene(deployment: Deployment, first: Machine): Promise<void> {
  const other = deployment.machine();
  await other.takeMarkOf(first);
  await other.addAll([...bodies('one', 1), ...bodies('of another', 1)]);
  other.kill();
  // It was the one that began the log: without its mark the first machine rightly refuses.
  if (!first.hasMark) await first.takeMarkOf(other);
}

/** At the first time that a step is reached, the last, and one between; a power cut, which is never twice the same, at all. */
function plansFor(fault: Fault): Plan[] {
  return [...steps].flatMap(([step, count]) => {
    if (!applies(fault, step)) return [];
    const all = Array.from({ length: count }, (_, at) => at);
    const few = [...new Set([0, count >> 1, count - 1])];
    return (fault.startsWith('power-cut') ? all : few).map((occurrence) => ({ fault, step, occurrence }));
  });
}

function applies(fault: Fault, step: string): boolean {
  if ((ENDS as readonly Fault[]).includes(fault)) return true;
  if ((STORE_FAULTS as readonly Fault[]).includes(fault)) return isAppend(step);
  if (step === 'sign') return fault === 'fail';
  if (fault === 'short-write') return step.startsWith('write ');
  if (fault === 'sync-fails') return step.includes('sync');
  return fault === 'no-space' || !isAppend(step);
}

describe('whatever happens at any step, what was ever signed is one sequence, and what was acknowledged is in it:', () => {
  test('nothing at all', async () => {
    expect((await tell()).findings).toEqual([]);
    expect([...steps.keys()]).toEqual(
      expect.arrayContaining([
        'append LogCreated/v1',
        'append EntriesSequenced/v1',
        'append CheckpointSigned/v1',
        'append CheckpointPublished/v1',
        'write and sync mark.new',
        'rename to mark',
        'sync directory mark',
        'sign',
        'write and sync a file without a name',
        'link a full tile',
        'rename to a partial tile',
        'rename to checkpoint',
        'sync directory tiles',
      ]),
    );
  });

  test.each<Fault>([...FILE_FAULTS, ...STORE_FAULTS, ...ENDS])('%s', async (fault) => {
    const plans = plansFor(fault);
    expect(plans.length).toBeGreaterThan(2);
    const wrong: unknown[] = [];
    let fired = 0;
    const left = plans.values();
    const tellAll = async (): Promise<void> => {
      for (const plan of left) {
        const { faults, findings } = await tell(plan);
        if (faults.fired) fired++;
        if (findings.length > 0) wrong.push({ ...plan, findings });
      }
    };
    await Promise.all(Array.from({ length: STORIES_AT_ONCE }, tellAll));
    expect(wrong).toEqual([]);
    expect(fired).toBeGreaterThanOrEqual(plans.length * 0.8); // a few steps depend on who comes first
  });
});
