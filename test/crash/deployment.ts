import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY_TYPE, verifierKey } from '#libs/note';
import { generateSigner } from '#libs/signer';
import { Machine, type MachineOptions } from './machine.js';
import { RecordedLog } from './recorded-log.js';
import { startRecordingWitness, type RecordingWitness } from './recording-witness.js';
import { SimulatedDisk } from './simulated-disk.js';

/** A log with what is there before its first machine is: a name, a key, a store, and a witness that knows it. */
export interface Deployment {
  readonly recorded: RecordedLog;
  /** Wants the witness's cosignature. */
  readonly policyFile: string;
  /** A new machine with an empty disk. Other options than the ones that follow from the deployment. */
  machine(options?: Partial<MachineOptions>): Machine;
  disk(): SimulatedDisk;
  setWitnessDown(down: boolean): void;
}

export interface Deployments {
  /** A log that nobody has used before. The same seed gives the same power cuts; a real store has its own. */
  next(seed: number, store?: 'simulated' | 'real'): Deployment;
  close(): Promise<void>;
}

/** Many logs of one key, each with its own origin, and the one witness that they share. */
export async function startDeployments(count: number): Promise<Deployments> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-machines-'));
  const signer = await generateSigner('rekor-log', 'ed25519');
  const origins = Array.from({ length: count }, (_, at) => `log-${at}.example.org`);
  const keys = origins.map((origin) => verifierKey(origin, KEY_TYPE.ed25519, signer.publicKey.raw));
  const witness: RecordingWitness = await startRecordingWitness(keys);
  const policyFile = join(folder, 'policy');
  await writeFile(policyFile, witness.policy);
  let machines = 0;
  return {
    next(seed, store = 'simulated') {
      const origin = origins.pop();
      if (origin === undefined) throw new Error(`the witness knows ${count} logs, this is one more`);
      const recorded = new RecordedLog(origin, signer);
      const random = seeded(seed);
      witness.listen(origin, async (note) => {
        const { size } = recorded.checkpoint('the witness', note);
        if (store === 'real') return;
        const stored = await recorded.storedCheckpoints();
        if (!stored.has(size)) recorded.violation(`size ${size} was shown to the witness, and is not in the store`);
      });
      const disk = (): SimulatedDisk => new SimulatedDisk(random);
      return {
        recorded,
        policyFile,
        disk,
        machine: (options) =>
          new Machine({ recorded, disk: disk(), folder: join(folder, String(machines++)), policyFile, ...options }),
        setWitnessDown: (down) => witness.setDown(origin, down),
      };
    },
    async close() {
      await witness.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Mulberry32: numbers from 0 up to 1 that are the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const encoder = new TextEncoder();

/** Entries that nobody has logged yet. */
export function bodies(name: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => encoder.encode(`${name}, number ${at}`));
}
