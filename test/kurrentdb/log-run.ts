import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import type { LogConfig } from '../../apps/log/src/config.js';
import { logService } from '../../apps/log/src/log.module.js';

const ENTRIES = 40;

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const quiet = createLogger('log', { write: () => undefined });

interface Answer {
  readonly logIndex: string;
  readonly inclusionProof: { readonly treeSize: string };
}

/**
 * A whole log on the KurrentDB at `url`: takes entries, is stopped, loses everything that it had on its own disk but the
 * mark of its signer, and goes on from the events alone, with the same indexes and the same root.
 * @param trouble called while entries are on their way
 */
export async function runLog(url: string, trouble: () => void = () => undefined): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tally-kurrentdb-'));
  const config: LogConfig = {
    profile: 'development',
    host: '127.0.0.1',
    port: 0,
    kind: 'rekor',
    origin: 'kurrentdb-test.tally.localhost',
    inception: new Date(),
    dataDirectory: join(folder, 'data'),
    eventStoreUrl: url,
    keyFile: join(folder, 'key'),
    markFile: join(folder, 'mark'),
    poolLimit: 4096,
    checkpointIntervalMs: 0,
  };
  await openKeyFile(config.keyFile, {
    role: 'rekor-log',
    algorithm: 'ed25519',
    profile: 'development',
    create: true,
  });
  let log = await startService(logService(config), quiet);
  try {
    const adding = Array.from({ length: ENTRIES }, (_, at) => add(log, `entry ${at}`));
    trouble();
    const indexes = await Promise.all(adding);
    expect(indexes.toSorted((a, b) => a - b)).toEqual(indexes.map((_, at) => at));
    const before = await checkpoint(log);
    expect(before.size).toBe(ENTRIES);

    await log.close();
    await rm(config.dataDirectory, { recursive: true });
    log = await startService(logService(config), quiet);
    expect(await checkpoint(log)).toEqual(before);
    expect(await add(log, 'entry 7')).toBe(indexes[7]);
    expect(await add(log, 'one more')).toBe(ENTRIES);
    expect((await checkpoint(log)).size).toBe(ENTRIES + 1);
  } finally {
    await log.close();
    await rm(folder, { recursive: true });
  }
}

/** Asks until the answer is an index: a log whose store is slow sends its clients away for a while. */
async function add(log: RunningService, artifact: string): Promise<number> {
  const { privateKey, publicKey } = keys;
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  // ECDSA is randomised: made once, so that it is the same entry when it is asked for again.
  const content = signatures.get(artifact) ?? sign('sha256', Buffer.from(artifact), privateKey).toString('base64');
  signatures.set(artifact, content);
  const body = JSON.stringify({
    hashedRekordRequestV002: {
      digest: createHash('sha256').update(artifact).digest('base64'),
      signature: {
        content,
        verifier: { publicKey: { rawBytes: spki.toString('base64') }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
      },
    },
  });
  for (;;) {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${log.url}/api/v2/log/entries`, { method: 'POST', body, headers });
    if (answer.status !== 503) {
      expect(answer.status).toBe(201);
      const { logIndex, inclusionProof } = (await answer.json()) as Answer;
      expect(Number(inclusionProof.treeSize)).toBeGreaterThan(Number(logIndex));
      return Number(logIndex);
    }
    await answer.text();
  }
}

const signatures = new Map<string, string>();

async function checkpoint(log: RunningService): Promise<{ size: number; root: string }> {
  for (;;) {
    const answer = await fetch(`${log.url}/checkpoint`);
    const [, size, root = ''] = (await answer.text()).split('\n');
    if (answer.status === 200) return { size: Number(size), root };
  }
}
