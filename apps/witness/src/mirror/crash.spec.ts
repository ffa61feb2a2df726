import { beforeAll, describe, expect, test } from '@jest/globals';
import { MemoryEventStore } from '#libs/event-store';
import { createLogger } from '#libs/server';
import { generateSigner } from '#libs/signer';
import { TileStore } from '#libs/tile-store';
import { rederive, type ReadPackage } from '#libs/tlog';
import { FaultyEventStore } from '../../../../test/crash/faulty-event-store.js';
import { FaultyFileSystem } from '../../../../test/crash/faulty-file-system.js';
import { SimulatedDisk } from '../../../../test/crash/simulated-disk.js';
import { FILE_FAULTS, Faults, SimulatedProcess, type Fault } from '../../../../test/crash/simulated-process.js';
import { Cosigner } from '../cosigning/cosigner.js';
import { readSubmission } from '../cosigning/proposal.js';
import { KnownLogs } from '../logs/known-logs.js';
import { MirroredLog } from './mirrored-log.js';
import { EntryLog } from './testing/entry-log.js';

const logger = createLogger('mirror', { write: () => undefined });
const DIRECTORY = '/disk/mirror/log';
/** Within a bundle, at its end, and with a bundle between. */
const SIZES = [200, 256, 600] as const;
const one = new EntryLog('log.example.com/crash', 600);
const cosigner = new Cosigner('mirror.example.org/m1', generateSigner('witness', 'ed25519'));
const known = new KnownLogs([one.signer.key]);

interface Step {
  readonly addCheckpoint: Uint8Array;
  /** By where it begins. */
  readonly packages: (start: number) => Promise<ReadPackage[]>;
}
const steps: Step[] = [];
beforeAll(async () => {
  for (const [i, size] of SIZES.entries()) {
    const made = new Map<number, Promise<ReadPackage[]>>();
    const packages = (start: number): Promise<ReadPackage[]> => {
      const found = made.get(start) ?? one.packages(start, size);
      made.set(start, found);
      return found;
    };
    steps.push({ addCheckpoint: await one.addCheckpoint(SIZES[i - 1] ?? 0, size), packages });
  }
});

/** A machine: a disk, a store that keeps what it has said, and a mirror that may end at any step. */
class Machine {
  readonly disk: SimulatedDisk;
  readonly #store = new MemoryEventStore();
  /** The largest size that somebody was told is held. */
  told = 0n;

  constructor(readonly faults: Faults) {
    let state = 7;
    this.disk = new SimulatedDisk(() => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647);
  }

  async start(): Promise<MirroredLog> {
    const process = new SimulatedProcess(this.faults, () => this.disk.powerCut());
    const fileSystem = new FaultyFileSystem(this.disk, process);
    const tiles = await TileStore.open({ directory: DIRECTORY, fileSystem });
    const store = new FaultyEventStore(this.#store, process, async () => undefined);
    return new MirroredLog({ origin: one.origin, store, tiles, cosigner, logger, now: () => 5n });
  }

  /** Everything that a client does; from wherever the mirror is. */
  async upload(log: MirroredLog): Promise<void> {
    await log.open();
    for (const [i, { addCheckpoint, packages }] of steps.entries()) {
      const size = BigInt(SIZES[i] ?? 0);
      if ((log.served()?.checkpoint.size ?? 0n) >= size) continue;
      if (((await log.pending())?.checkpoint.size ?? 0n) < size) {
        const read = readSubmission(addCheckpoint, known);
        if (read.kind === 'refused') throw new Error(read.message);
        expect(await log.propose(read.proposal)).toEqual({ kind: 'pending' });
      }
      const pending = await log.pending();
      const next = Number(await log.nextEntry());
      if (pending?.checkpoint.size !== size) continue;
      for (const one of next < size ? await packages(next) : []) {
        expect(await log.addPackages(pending.checkpoint, [one])).toEqual({ verified: 1 });
      }
      if (i === 1) await log.recordProgress();
      expect(await log.commit(pending)).toMatchObject({ kind: 'cosigned' });
      this.told = size;
    }
  }

  /** What is said to be held can be read, and leads to what was signed. */
  async expectWhole(log: MirroredLog): Promise<void> {
    await log.open();
    const cosigned = await log.cosigned();
    expect(cosigned?.size ?? 0n).toBeGreaterThanOrEqual(this.told);
    if (cosigned === undefined) return;
    const fetch = async (path: string): Promise<Uint8Array | 'missing'> => (await log.tiles.read(path)) ?? 'missing';
    const walk = rederive({ checkpoint: cosigned, kind: 'entries', fetch });
    for (;;) {
      const { done, value } = await walk.next();
      if (!done) continue;
      expect(value).toBeUndefined();
      break;
    }
    expect(await log.tiles.readCheckpoint()).toEqual(log.served()?.note);
  }
}

/** Runs the whole upload once with the fault at the step after `left` others; false when there were not that many. */
async function run(fault: Fault, left: number): Promise<boolean> {
  const machine = new Machine(new Faults());
  await machine.disk.prepareDirectory('/disk');
  machine.faults.arm(fault, left);
  try {
    await machine.upload(await machine.start());
  } catch (error) {
    if (!machine.faults.fired) throw error;
  }
  const fired = machine.faults.fired;
  machine.faults.disarm();
  const log = await machine.start();
  await machine.expectWhole(log);
  await machine.upload(log);
  await machine.expectWhole(log);
  expect((await log.cosigned())?.size).toBe(600n);
  return fired;
}

describe('whatever happens at any step', () => {
  // Every step is met by some of them, and the suite stays quick. Killed after a step is killed before the next one.
  test.each(
    (['killed-before', 'power-cut-before', 'power-cut-after', ...FILE_FAULTS] as const).map((fault, i) => ({
      fault,
      first: i % 4,
    })),
  )('what was cosigned is held, and the upload goes on: $fault', async ({ fault, first }) => {
    let left = first;
    while (await run(fault, left)) left += 4;
    expect(left).toBeGreaterThan(50);
  });
});

test('a disk that is full refuses, loses nothing, and goes on in the same process when there is room', async () => {
  for (let left = 0; ; left += 3) {
    const machine = new Machine(new Faults());
    await machine.disk.prepareDirectory('/disk');
    const log = await machine.start();
    machine.faults.arm('no-space', left);
    const failed = await machine.upload(log).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failed !== undefined)
      expect(failed).toMatchObject({ code: expect.stringMatching(/^(?:no-space|unavailable)$/) });
    if (!machine.faults.fired) break;
    await machine.upload(log);
    await machine.expectWhole(log);
    expect((await log.cosigned())?.size).toBe(600n);
  }
});
