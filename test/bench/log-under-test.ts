import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatVerifierKey, KEY_TYPE, verifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';
import { freePorts } from '../free-ports.js';
import { makeLogFolder, type LogFolder } from './log-folder.js';
import { startProgram, type Program } from './program.js';

/** A rekor log in a process of its own, with as many witnesses in processes of their own. */
export interface LogUnderTest {
  readonly log: Program;
  /** Stops everything, and removes the folder. */
  stop(): Promise<void>;
}

export async function startLogUnderTest(
  witnesses: 0 | 3,
  { folder: given, checkpointIntervalMs }: { readonly folder?: LogFolder; readonly checkpointIntervalMs?: number } = {},
): Promise<LogUnderTest> {
  const folder = given ?? (await makeLogFolder());
  const file = (name: string): string => join(folder.path, name);
  const firstPort = await freePorts(1 + witnesses);
  const policy = [`log ${folder.verifierKey}`];
  const running: Program[] = [];
  for (let i = 1; i <= witnesses; i++) {
    const [name, port] = [`witness-${i}.tally.localhost`, firstPort + i];
    const key = await openKeyFile(file(`key-${i}`), {
      role: 'witness',
      algorithm: 'ed25519',
      profile: 'development',
      create: true,
    });
    const witnessKey = formatVerifierKey(verifierKey(name, KEY_TYPE.cosignature, key.publicKey.raw));
    policy.push(`witness w${i} ${witnessKey} http://127.0.0.1:${port}`);
    const env = {
      TALLY_WITNESS_PROFILE: 'development',
      TALLY_WITNESS_PORT: String(port),
      TALLY_WITNESS_NAME: name,
      TALLY_WITNESS_KEY_FILE: file(`key-${i}`),
      TALLY_WITNESS_DATA_DIRECTORY: file(`witness-${i}`),
      TALLY_WITNESS_LOGS: folder.verifierKey,
    };
    running.push(await startProgram({ main: 'apps/witness/src/main.js', port, env, readyPath: '/health/live' }));
  }
  policy.push('group two 2 w1 w2 w3', 'quorum two', '');
  if (witnesses > 0) await writeFile(file('policy'), policy.join('\n'));
  const env = {
    ...folder.env(firstPort, checkpointIntervalMs),
    ...(witnesses > 0 && { TALLY_LOG_POLICY_FILE: file('policy') }),
  };
  const log = await startProgram({ main: 'apps/log/src/main.js', port: firstPort, env, readyPath: '/checkpoint' });
  return {
    log,
    async stop() {
      await log.stop();
      await Promise.all(running.map((witness) => witness.stop()));
      await rm(folder.path, { recursive: true });
    },
  };
}
