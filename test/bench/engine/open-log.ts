import { Registry } from 'prom-client';
import { createLogger, Readiness } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { loadConfig } from '../../../apps/log/src/config.js';
import { rekorKind } from '../../../apps/log/src/entries/rekor-kind.js';
import { Log } from '../../../apps/log/src/log.js';

/** The engine of a rekor log without HTTP: any bytes are a leaf. */
export async function openLog(env: NodeJS.ProcessEnv): Promise<Log<Uint8Array>> {
  const config = loadConfig(env);
  const { keyFile, profile, origin } = config;
  const signer = await openKeyFile(keyFile, { role: 'rekor-log', algorithm: 'ed25519', profile });
  const logger = createLogger('bench', { write: (line) => void process.stderr.write(line) });
  logger.level = 'error';
  const context = { name: 'bench', logger, registry: new Registry(), readiness: new Readiness() };
  const log = await Log.open(config, rekorKind(origin, signer), context);
  log.start();
  return log;
}

/** Appends `count` leaves, `atOnce` of them waiting at any time, and ends when all are published. */
export async function appendLeaves(
  log: Log<Uint8Array>,
  leaf: () => Uint8Array,
  { count, atOnce }: { readonly count: number; readonly atOnce: number },
): Promise<void> {
  let left = count;
  let last = 0n;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const bytes = leaf();
      const { index } = await log.add(bytes, bytes.length);
      if (index > last) last = index;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  while ((log.current()?.size ?? 0n) <= last) await log.published(last).catch(() => undefined);
}

/** Leaves of this many bytes, all different. */
export function leafSource(bytes: number, first = 0): () => Uint8Array {
  const noise = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
  let number = first;
  return () => {
    const leaf = noise.slice();
    new DataView(leaf.buffer).setFloat64(0, number++);
    return leaf;
  };
}
