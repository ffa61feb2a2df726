import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { eventually } from './eventually.js';

/** One line of a program's own log. Which members there are depends on what it says. */
export interface LogLine {
  /** Milliseconds since the epoch, by the program's clock. */
  readonly time: number;
  readonly msg: string;
  readonly port?: number;
  readonly origin?: string;
  readonly kind?: string;
  readonly evidence?: string;
}

/** A program as it is built and shipped, in a process of its own, with a config file and nothing else. */
export class Program {
  #port: number | undefined;
  #stderr = '';

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
    onLine: (line: LogLine) => void,
  ) {
    const { stdout, stderr } = child;
    if (stdout) {
      createInterface({ input: stdout }).on('line', (text) => {
        const line = JSON.parse(text) as LogLine;
        if (line.msg === 'listening') this.#port = line.port;
        onLine(line);
      });
    }
    stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
  }

  /** `app` is the folder below `apps`; the config file is written into `folder`. */
  static async start(
    name: string,
    app: string,
    folder: string,
    config: readonly string[],
    onLine: (line: LogLine) => void = () => undefined,
  ): Promise<Program> {
    const path = join(folder, `${app}.conf`);
    await writeFile(path, `${config.join('\n')}\n`);
    const child = spawn(process.execPath, [resolve(`dist/apps/${app}/src/main.js`), '--config', path], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Whatever happens here, no process is left behind.
    process.once('exit', () => child.kill('SIGKILL'));
    return new Program(name, child, onLine);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async listens(): Promise<void> {
    await this.eventually('listens', () => this.#port !== undefined);
  }

  /** Waits for it, as long as it runs. @throws Error when it ends, or doesn't do it in time */
  eventually(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    return eventually(`${this.name} ${what}`, () => {
      const { exitCode, signalCode } = this.child;
      if (exitCode === null && signalCode === null) return condition();
      throw new Error(`${this.name} ended with ${exitCode ?? signalCode}: ${this.#stderr}`);
    });
  }

  /** Ends it as an operator does. @throws Error when it does not end well */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.child.kill('SIGTERM');
    const [code, signal] = await ended;
    if (code !== 0) throw new Error(`${this.name} ended with ${code ?? signal}: ${this.#stderr}`);
  }
}
