import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A built program in a process of its own. */
export interface Program {
  readonly port: number;
  /** Seconds of processor time that it has taken, all threads. */
  cpuSeconds(): Promise<number>;
  /** Memory that it has at the moment. */
  residentBytes(): Promise<number>;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  /** Below `dist`. */
  readonly main: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Answers 200 when it is ready. */
  readonly readyPath: string;
}

const READY_WITHIN_MS = 60_000;
/** USER_HZ of Linux. */
const TICKS_PER_SECOND = 100;

/** Starts it, and waits until it is ready. @throws Error with what it printed when it ends before */
export async function startProgram({ main, port, env = {}, readyPath }: ProgramOptions): Promise<Program> {
  const args = (process.env['TALLY_BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((arg) => arg !== '');
  const child = spawn(process.execPath, [...args, resolve('dist', main)], {
    env: { PATH: process.env['PATH'], TALLY_LOGGING: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let alive = true;
  void ended.then(() => (alive = false));
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  void ended.then(() => process.off('exit', kill));
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (printed.length < 20_000) printed += text;
    });
  }
  for (const until = performance.now() + READY_WITHIN_MS; ; await delay(20)) {
    const answer = await fetch(`http://127.0.0.1:${port}${readyPath}`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) break;
    if (alive && performance.now() < until) continue;
    child.kill('SIGKILL');
    throw new Error(`${main} ended, or was not ready within ${READY_WITHIN_MS} ms:\n${printed}`);
  }
  return {
    port,
    async cpuSeconds() {
      const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      // What it had to say in trouble is not for a figure to swallow.
      if (printed !== '' && process.env['TALLY_BENCH_VERBOSE']) process.stderr.write(printed);
    },
  };
}
