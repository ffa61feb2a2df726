import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatVerifierKey, KEY_TYPE, verifierKey, type VerifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import type { WitnessConfig } from '../apps/witness/src/config.js';
import { witnessService } from '../apps/witness/src/witness.module.js';
import { freePorts } from './free-ports.js';

const quiet = createLogger('witness-pair', { write: () => undefined });
const profile = 'development';
/** What a log has on its disks, under these names in the folder of a test. */
const LOG_FILES = ['data', 'mark'];

/** Two witnesses of one log, w0 and w1, which come and go. */
export class WitnessPair {
  readonly #running: (RunningService | undefined)[] = [];

  private constructor(
    /** A tlog-policy that wants both. */
    readonly policy: string,
    private readonly configs: readonly WitnessConfig[],
  ) {}

  /** Makes their keys; neither runs yet. */
  static async prepare(folder: string, logKey: VerifierKey): Promise<WitnessPair> {
    const first = await freePorts(2);
    const lines = [`log ${formatVerifierKey(logKey)}`];
    const configs: WitnessConfig[] = [];
    for (const i of [0, 1]) {
      const name = `witness-${i}.${logKey.name}`;
      const keyFile = join(folder, `witness-key-${i}`);
      const signer = await openKeyFile(keyFile, { role: 'witness', algorithm: 'ed25519', profile, create: true });
      const vkey = formatVerifierKey(verifierKey(name, KEY_TYPE.cosignature, signer.publicKey.raw));
      lines.push(`witness w${i} ${vkey} http://127.0.0.1:${first + i}`);
      const dataDirectory = join(folder, `witness-${i}`);
      configs.push({ profile, host: '127.0.0.1', port: first + i, name, keyFile, dataDirectory, logs: [logKey] });
    }
    return new WitnessPair(`${[...lines, 'group both all w0 w1', 'quorum both'].join('\n')}\n`, configs);
  }

  async start(i: number): Promise<void> {
    const config = this.configs[i];
    if (config === undefined) throw new RangeError(`there is no witness ${i}`);
    this.#running[i] = await startService({ ...witnessService(config), name: `witness-${i}` }, quiet);
  }

  async startBoth(): Promise<void> {
    await Promise.all([this.start(0), this.start(1)]);
  }

  async stop(i: number): Promise<void> {
    await this.#running[i]?.close();
    this.#running[i] = undefined;
  }

  async stopBoth(): Promise<void> {
    await Promise.all([this.stop(0), this.stop(1)]);
  }
}

/** A copy of all that a log has, with its mark. */
export async function keepCopy(folder: string): Promise<void> {
  for (const name of LOG_FILES) await cp(join(folder, name), join(folder, `${name}.old`), { recursive: true });
}

/** Puts the copy in the place of what is there now. */
export async function restoreCopy(folder: string): Promise<void> {
  for (const name of LOG_FILES) {
    await rm(join(folder, name), { recursive: true });
    await rename(join(folder, `${name}.old`), join(folder, name));
  }
}
