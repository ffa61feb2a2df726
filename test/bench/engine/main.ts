import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogFolder } from '../log-folder.js';
import { appendLeaves, leafSource, openLog } from './open-log.js';
import { rebuildBare } from './rebuild.js';
import { appendEvents } from './store.js';

/** A measurement without HTTP, in a process of its own. */
export type EngineOrder = { readonly env: Record<string, string>; readonly data: LogFolder['data'] } & (
  | {
      readonly do: 'append-log' | 'append-store';
      readonly count: number;
      readonly bytes: number;
      readonly atOnce: number;
    }
  | { readonly do: 'rebuild-log' | 'rebuild-bare' }
  | { readonly do: 'growth'; readonly sizes: readonly number[]; readonly bytes: number; readonly untilSeconds: number }
  | { readonly do: 'disk'; readonly count: number; readonly bytes: number }
);

export interface Growth {
  readonly size: number;
  readonly residentMebibytes: number;
  /** Of processor time, per append. */
  readonly microseconds: number;
}

export interface EngineResult {
  readonly seconds?: number;
  readonly leaves?: number;
  readonly bytes?: number;
  readonly growth?: readonly Growth[];
}

const AT_ONCE = 512;
/** So many appends are timed at each size. */
const GROWTH_WINDOW = 20_000;

async function obey(order: EngineOrder): Promise<EngineResult> {
  switch (order.do) {
    case 'append-log': {
      const log = await openLog(order.env);
      const start = performance.now();
      await appendLeaves(log, leafSource(order.bytes), order);
      const seconds = (performance.now() - start) / 1000;
      await log.close();
      return { seconds };
    }
    case 'append-store':
      return { seconds: await appendEvents(join(order.data, '..'), order) };
    case 'rebuild-log': {
      // All that is derived from the events goes.
      for (const name of await readdir(order.data)) {
        if (!name.startsWith('events.sqlite')) await rm(join(order.data, name), { recursive: true });
      }
      const start = performance.now();
      const log = await openLog(order.env);
      const seconds = (performance.now() - start) / 1000;
      const leaves = Number(log.current()?.size ?? 0n);
      await log.close();
      return { seconds, leaves };
    }
    case 'rebuild-bare':
      return rebuildBare(order.data, join(order.data, '..', 'bare'));
    case 'growth':
      return { growth: await grow(order) };
    case 'disk': {
      const log = await openLog(order.env);
      await appendLeaves(log, leafSource(order.bytes), { count: order.count, atOnce: AT_ONCE });
      await log.close();
      return { bytes: await diskBytes(order.data) };
    }
  }
}

async function grow(order: EngineOrder & { do: 'growth' }): Promise<Growth[]> {
  const { sizes, bytes, untilSeconds, env } = order;
  const log = await openLog(env);
  const leaf = leafSource(bytes);
  const growth: Growth[] = [];
  let size = 0;
  const add = async (count: number): Promise<void> => {
    await appendLeaves(log, leaf, { count, atOnce: AT_ONCE });
    size += count;
  };
  for (const wanted of sizes) {
    // In steps, so that it can end in time.
    while (size < wanted && performance.now() < untilSeconds * 1000) await add(Math.min(50_000, wanted - size));
    if (size < wanted) break;
    await delay(200);
    globalThis.gc?.();
    const residentMebibytes = process.memoryUsage().rss / 2 ** 20;
    const { user, system } = process.cpuUsage();
    await add(GROWTH_WINDOW);
    const used = process.cpuUsage({ user, system });
    growth.push({ size: wanted, residentMebibytes, microseconds: (used.user + used.system) / GROWTH_WINDOW });
  }
  await log.close();
  return growth;
}

/** As the file system counts it: whole blocks. */
async function diskBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).blocks * 512);
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

process.on('message', (order: EngineOrder) => {
  void obey(order).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  );
});
process.on('disconnect', () => process.exit());
