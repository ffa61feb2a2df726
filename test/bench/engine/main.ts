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
  | { readonly do: 'grow'; readonly to: number; readonly bytes: number; readonly seconds: number }
  | { readonly do: 'measure-size'; readonly bytes: number }
  | { readonly do: 'disk'; readonly count: number; readonly bytes: number }
);

export interface EngineResult {
  readonly seconds?: number;
  readonly leaves?: number;
  readonly bytes?: number;
  readonly residentMebibytes?: number;
  /** Of processor time, per append. */
  readonly microseconds?: number;
}

const AT_ONCE = 512;
/** At each size a fresh process appends so many, to warm up, and then as many as are timed. */
const WARM_UP = 15_000;
const TIMED = 20_000;
/** A process that only has to grow looks at the clock this often. */
const GROWTH_STEP = 50_000;

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
    case 'grow':
      return grow(order);
    case 'measure-size':
      return measureSize(order);
    case 'disk': {
      const log = await openLog(order.env);
      await appendLeaves(log, leafSource(order.bytes), { count: order.count, atOnce: AT_ONCE });
      await log.close();
      return { bytes: await diskBytes(order.data) };
    }
  }
}

/** Appends until the log has so many entries, or time is up. */
async function grow({ env, to, bytes, seconds }: EngineOrder & { do: 'grow' }): Promise<EngineResult> {
  const log = await openLog(env);
  const leaf = leafSource(bytes);
  let leaves = Number(log.current()?.size ?? 0n);
  while (leaves < to && performance.now() < seconds * 1000) {
    const count = Math.min(GROWTH_STEP, to - leaves);
    await appendLeaves(log, leaf, { count, atOnce: AT_ONCE });
    leaves += count;
  }
  const residentMebibytes = resident();
  await log.close();
  return { leaves, residentMebibytes };
}

/** What a log of this size takes: every size in a fresh process that does the same, so that only the size differs. */
async function measureSize({ env, bytes }: EngineOrder & { do: 'measure-size' }): Promise<EngineResult> {
  const log = await openLog(env);
  const leaf = leafSource(bytes);
  await appendLeaves(log, leaf, { count: WARM_UP, atOnce: AT_ONCE });
  await delay(200);
  const residentMebibytes = resident();
  const before = process.cpuUsage();
  await appendLeaves(log, leaf, { count: TIMED, atOnce: AT_ONCE });
  const { user, system } = process.cpuUsage(before);
  await log.close();
  return { residentMebibytes, microseconds: (user + system) / TIMED };
}

function resident(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
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
