import { setTimeout as sleep } from 'node:timers/promises';
import { fetchHealth } from '#libs/client';
import { StackError } from './stack-error.js';

/** A stack is ready within seconds; a machine that is busy with something else gets more. */
const READY_WITHIN_MS = 60_000;
const ASK_EVERY_MS = 20;

/** Waits until `/health/ready` of every service says yes: of a log, that it has published a checkpoint. @throws StackError */
export async function waitUntilReady(
  services: readonly { readonly name: string; readonly url: string }[],
): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  await Promise.all(
    services.map(async ({ name, url }) => {
      for (;;) {
        const { ready, detail } = await fetchHealth(url);
        if (ready === true) return;
        if (Date.now() > deadline)
          throw new StackError(`${name} is not ready after ${READY_WITHIN_MS / 1000} s: ${detail}`);
        await sleep(ASK_EVERY_MS);
      }
    }),
  );
}
