import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bodies, startDeployments, type Deployments } from './deployment.js';
import { RealLog } from './real-log.js';

const DISK_BYTES = 14 * 1024 * 1024;
const BALLAST_BYTES = 10 * 1024 * 1024;
const ENTRY_BYTES = 8 * 1024;
const ENOUGH_ENTRIES = (2 * DISK_BYTES) / ENTRY_BYTES;
const PATIENCE_MS = 60_000;

/** A file system of its own, where this process may mount one. */
function mount(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const folder = await mkdtemp(join(tmpdir(), 'tally-full-'));
const mounted = mount(folder);

let deployments: Deployments;
let log: RealLog | undefined;
beforeAll(async () => (deployments = await startDeployments(4)));
afterAll(async () => {
  await log?.stop();
  await deployments.close();
  if (mounted) execFileSync('umount', ['--lazy', folder]);
  await rm(folder, { recursive: true });
});

/** Where nothing can be mounted, the matrix still has its `no-space`. */
(mounted ? describe : describe.skip)('on a real disk that is full', () => {
  test('a log takes no entries, loses none, and goes on when there is room', async () => {
    const { recorded, policyFile } = deployments.next(1, 'real');
    const ballast = join(folder, 'ballast');
    await writeFile(ballast, randomBytes(BALLAST_BYTES));
    const running = (log = await RealLog.create(recorded, policyFile, folder));
    await running.start();
    await running.add(bodies('before', 10));

    const codes = new Set<unknown>();
    for (let count = 0; count < ENOUGH_ENTRIES && codes.size === 0; count += 8) {
      const entries = Array.from({ length: 8 }, () => new Uint8Array(randomBytes(ENTRY_BYTES)));
      const added = entries.map(async (entry) => {
        const { index } = await running.log.add(entry, entry.length);
        recorded.acknowledge(index, entry);
      });
      for (const end of await Promise.allSettled(added)) {
        if (end.status === 'rejected') codes.add((end.reason as { code?: unknown }).code);
      }
    }
    expect([...codes]).toEqual(['unavailable']); // 503, as for everything that should be tried again
    expect(await running.frozen()).toBeUndefined();
    const whileFull = recorded.acknowledged;
    expect(whileFull).toBeGreaterThan(100);

    await rm(ballast);
    const [last = new Uint8Array(0)] = bodies('after', 1);
    const again = async (): Promise<bigint> => {
      for (const until = performance.now() + PATIENCE_MS; ;) {
        try {
          return (await running.log.add(last, last.length)).index;
        } catch (error) {
          if (performance.now() > until) throw error;
          await delay(50);
        }
      }
    };
    const index = await again();
    recorded.acknowledge(index, last);
    const until = performance.now() + PATIENCE_MS;
    while ((running.log.current()?.size ?? 0n) <= index && performance.now() < until) await delay(10);
    expect(running.log.current()?.size).toBeGreaterThan(index);
    await running.stop();
    expect(await running.findings()).toEqual([]);
    // And it starts with what it has.
    await running.runOnce(bodies('after a new start', 1));
    expect(await running.findings()).toEqual([]);
  });
});
