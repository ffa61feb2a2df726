import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TALLY = 'dist/apps/cli/src/main.js';

/** What a process printed, and how it was called. */
export interface Printed {
  readonly command: string;
  readonly stdout: string;
}

/** How to be without a network: Linux gives a new network namespace nothing, not even a loopback that is up. */
export async function noNetwork(): Promise<readonly string[]> {
  const wrapper = ['unshare', '--map-root-user', '--net'];
  const [program = '', ...args] = wrapper;
  return run(program, [...args, 'true']).then(
    () => wrapper,
    () => [],
  );
}

/** `tally` in a new process that knows nothing but its arguments. @throws Error with what it printed when it fails */
export async function tally(args: readonly string[], cwd: string, wrapper: readonly string[] = []): Promise<Printed> {
  const [program = '', ...rest] = [...wrapper, process.execPath, resolve(TALLY), ...args];
  const { stdout } = await run(program, rest, { cwd, env: { PATH: process.env.PATH } });
  return { command: [...wrapper, 'tally', ...args].join(' '), stdout };
}
