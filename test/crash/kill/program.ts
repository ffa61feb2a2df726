import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;

/** A built program of ours in a process of its own. */
export interface Program {
  /** Resolves when it answers that it is ready. @throws Error with what it has printed, when it has ended */
  ready(): Promise<void>;
  /** Sends the signal, and resolves at the end of the process. */
  end(signal: NodeJS.Signals): Promise<void>;
}

export function startProgram(app: string, url: string, env: Readonly<Record<string, string>>): Program {
  const child = spawn(process.execPath, [resolve(`dist/apps/${app}/src/main.js`)], {
    env: { PATH: process.env['PATH'], TALLY_LOGGING: 'error', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill); // whatever becomes of this process, it leaves none behind
  void ended.then(() => process.off('exit', kill));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (printed += text));
  return {
    async ready() {
      const until = performance.now() + READY_WITHIN_MS;
      while (child.exitCode === null && child.signalCode === null && performance.now() < until) {
        const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
        if (answer?.ok) return;
        await delay(10);
      }
      throw new Error(`the ${app} is not ready:\n${printed}`);
    },
    async end(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
