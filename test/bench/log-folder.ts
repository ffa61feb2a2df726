import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatVerifierKey, KEY_TYPE, verifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';

export const ORIGIN = 'bench.tally.localhost';
/** As the stack has it. */
const CHECKPOINT_INTERVAL_MS = 20;
const profile = 'development';

/** A new folder with the key of a rekor log. */
export interface LogFolder {
  readonly path: string;
  readonly data: string;
  readonly verifierKey: string;
  /** The settings of the log in it. */
  env(port: number, checkpointIntervalMs?: number): Record<string, string>;
}

export async function makeLogFolder(): Promise<LogFolder> {
  const path = await mkdtemp(join(tmpdir(), 'tally-bench-log-'));
  const file = (name: string): string => join(path, name);
  await mkdir(file('marks'));
  const { publicKey } = await openKeyFile(file('key'), {
    role: 'rekor-log',
    algorithm: 'ed25519',
    profile,
    create: true,
  });
  const inception = new Date().toISOString();
  return {
    path,
    data: file('data'),
    verifierKey: formatVerifierKey(verifierKey(ORIGIN, KEY_TYPE.ed25519, publicKey.raw)),
    env: (port, checkpointIntervalMs = CHECKPOINT_INTERVAL_MS) => ({
      TALLY_LOG_PROFILE: profile,
      TALLY_LOG_PORT: String(port),
      TALLY_LOG_KIND: 'rekor',
      TALLY_LOG_ORIGIN: ORIGIN,
      TALLY_LOG_INCEPTION: inception,
      TALLY_LOG_DATA_DIRECTORY: file('data'),
      TALLY_LOG_KEY_FILE: file('key'),
      TALLY_LOG_MARK_FILE: join(file('marks'), 'mark'),
      TALLY_LOG_CHECKPOINT_INTERVAL_MS: String(checkpointIntervalMs),
    }),
  };
}
