import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const LISTENS_WITHIN_MS = 60_000;
const PROBE_MS = 15;
const PRINTED_MAX = 4_000;

export interface WitnessProgram {
  /** The folder whose `dist` is run. */
  readonly root: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** One witness over all its lives: a process of the built program, started again after every death. */
export class WitnessProcess {
  #child: ChildProcess | undefined;
  #listening: Promise<boolean> = Promise.resolve(false);
  #wanted = false;
  #printed = '';
  /** What it printed when it ended without having been told to. */
  readonly deaths: string[] = [];
  /** How long the last whole start took. */
  startMs = 700;

  constructor(private readonly program: WitnessProgram) {}

  start(): void {
    const { root, port, env } = this.program;
    this.#printed = '';
    this.#wanted = true;
    const child = spawn(process.execPath, [join(root, 'dist/apps/witness/src/main.js')], {
      cwd: root,
      env: { PATH: process.env['PATH'], TALLY_LOGGING: 'fatal', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill); // whatever becomes of this process, it leaves none behind
    child.once('exit', () => {
      process.off('exit', kill);
      if (this.#wanted) this.deaths.push(this.#printed);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        if (this.#printed.length < PRINTED_MAX) this.#printed += text;
      });
    }
    this.#child = child;
    this.#listening = this.#probe(child, port);
  }

  /** Whether this life got as far as to listen. */
  listening(): Promise<boolean> {
    return this.#listening;
  }

  /** Resolves when the process is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#wanted = false;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async #probe(child: ChildProcess, port: number): Promise<boolean> {
    const started = performance.now();
    while (child.exitCode === null && child.signalCode === null) {
      if (await accepts(port)) {
        this.startMs = performance.now() - started;
        return true;
      }
      if (performance.now() - started > LISTENS_WITHIN_MS) {
        throw new Error(`the witness does not listen on port ${port}:\n${this.#printed}`);
      }
      await delay(PROBE_MS);
    }
    return false;
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
