import { setTimeout as delay } from 'node:timers/promises';

const LIMIT_MS = 180_000;

/** Waits until it is so. @throws Error when it isn't in time; what `condition` throws */
export async function eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const until = performance.now() + LIMIT_MS;
  while (!(await condition())) {
    if (performance.now() > until) throw new Error(`this should have happened within ${LIMIT_MS / 1000} s: ${what}`);
    await delay(10);
  }
}
