import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatVerifierKey, KEY_TYPE, verifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';
import { freePorts } from '../free-ports.js';
import { startProgram, type Program } from './program.js';

const ORIGIN = 'bench.tally.localhost';
/** As the stack has it: the witnesses are on the same machine. */
const CHECKPOINT_INTERVAL_MS = 20;

/** A rekor log in a process of its own, with as many witnesses in processes of their own, and a new folder. */
export interface LogUnderTest {
  readonly folder: string;
  readonly log: Program;
  stop(): Promise<void>;
}

export async function startLogUnderTest({ witnesses }: { readonly witnesses: 0 | 3 }): Promise<LogUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-bench-log-'));
  const firstPort = await freePorts(1 + witnesses);
  const file = (name: string): string => join(folder, name);
  await mkdir(file('marks'));
  const profile = 'development';
  const logKey = await openKeyFile(file('key'), { role: 'rekor-log', algorithm: 'ed25519', profile, create: true });
  const vkey = formatVerifierKey(verifierKey(ORIGIN, KEY_TYPE.ed25519, logKey.publicKey.raw));
  const policy = [`log ${vkey}`];
  const running: Program[] = [];
  for (let i = 1; i <= witnesses; i++) {
    const [name, port] = [`witness-${i}.tally.localhost`, firstPort + i];
    const key = await openKeyFile(file(`key-${i}`), { role: 'witness', algorithm: 'ed25519', profile, create: true });
    const witnessKey = formatVerifierKey(verifierKey(name, KEY_TYPE.cosignature, key.publicKey.raw));
    policy.push(`witness w${i} ${witnessKey} http://127.0.0.1:${port}`);
    const env = {
      TALLY_WITNESS_PROFILE: profile,
      TALLY_WITNESS_PORT: String(port),
      TALLY_WITNESS_NAME: name,
      TALLY_WITNESS_KEY_FILE: file(`key-${i}`),
      TALLY_WITNESS_DATA_DIRECTORY: file(`witness-${i}`),
      TALLY_WITNESS_LOGS: vkey,
    };
    running.push(await startProgram({ main: 'apps/witness/src/main.js', port, env, readyPath: '/health/live' }));
  }
  policy.push('group two 2 w1 w2 w3', 'quorum two', '');
  if (witnesses > 0) await writeFile(file('policy'), policy.join('\n'));
  const env = {
    TALLY_LOG_PROFILE: profile,
    TALLY_LOG_PORT: String(firstPort),
    TALLY_LOG_KIND: 'rekor',
    TALLY_LOG_ORIGIN: ORIGIN,
    TALLY_LOG_INCEPTION: new Date().toISOString(),
    TALLY_LOG_DATA_DIRECTORY: file('data'),
    TALLY_LOG_KEY_FILE: file('key'),
    TALLY_LOG_MARK_FILE: join(file('marks'), 'mark'),
    TALLY_LOG_CHECKPOINT_INTERVAL_MS: String(CHECKPOINT_INTERVAL_MS),
    ...(witnesses > 0 && { TALLY_LOG_POLICY_FILE: file('policy') }),
  };
  const log = await startProgram({ main: 'apps/log/src/main.js', port: firstPort, env, readyPath: '/checkpoint' });
  return {
    folder,
    log,
    async stop() {
      await log.stop();
      await Promise.all(running.map((witness) => witness.stop()));
      await rm(folder, { recursive: true });
    },
  };
}
