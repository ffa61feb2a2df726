import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const TALLY = 'apps/cli/bin/tally.js';
/** A new network namespace has nothing in it, not even a loopback that is up. */
const UNSHARE = ['unshare', '--map-root-user', '--net'] as const;

/** What a process was called as, and what it printed. */
export interface Printed {
  readonly words: readonly string[];
  readonly stdout: string;
}

/** What to put before a command so that it has no network; undefined where that can't be had. */
export async function withoutNetwork(): Promise<readonly string[] | undefined> {
  const [program, ...args] = UNSHARE;
  return run(program, [...args, 'true']).then(
    () => UNSHARE,
    () => undefined,
  );
}

/** `tally` in a new process that knows nothing but its arguments. @throws Error with what it printed when it fails */
export async function tally(args: readonly string[], wrapper: readonly string[] = []): Promise<Printed> {
  const words = [...wrapper, TALLY, ...args];
  const [program = '', ...rest] = words;
  const { stdout } = await run(program, rest, { env: { PATH: process.env.PATH } });
  return { words, stdout };
}
