import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { formatVerifierKey, parseVerifierKey, type VerifierKey } from '#libs/note';
import type { EvidenceList } from '#libs/gossip';
import type { WitnessStatus } from '../../apps/witness/src/status/status.js';

const PROGRAM = 'dist/apps/witness/src/main.js';
const PROBE = './test/abuse/victim/probe.mjs';
/** Of /proc/<pid>/stat. */
const TICKS_PER_SECOND = 100;
const LINES_KEPT = 2_000;

export interface VictimOptions {
  readonly logs: readonly { readonly key: VerifierKey; readonly url?: string }[];
  /** Multiaddrs. */
  readonly peers: readonly string[];
  readonly witnesses: readonly { readonly name: string; readonly key: VerifierKey }[];
}

/** What the process has taken of the machine, in MiB and in seconds. */
export interface Usage {
  readonly rss: number;
  /** The most since the last `resetPeak`. */
  readonly peak: number;
  readonly cpuSeconds: number;
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly level: string | number; readonly msg?: string };

/** Whether there is a built witness, and a system on which a process can be looked at from outside. */
export const canRun = existsSync(PROGRAM) && existsSync('/proc/self/clear_refs');

/** The witness as it is built, with the settings that an operator has, in a process of its own. Nothing is tuned. */
export class Victim {
  readonly lines: LogLine[] = [];
  #ended = false;

  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
  ) {
    process.once('exit', () => (this.#ended = true));
  }

  url = '';
  /** Where peers call it, and the port of that. */
  address = '';
  peerId = '';
  key: VerifierKey | undefined;

  static async start({ logs, peers, witnesses }: VictimOptions): Promise<Victim> {
    const folder = await mkdtemp(join(tmpdir(), 'tally-victim-'));
    const config = [
      'name victim.example/w',
      'profile development',
      'listen 127.0.0.1:0',
      'data data',
      'p2p /ip4/127.0.0.1/tcp/0',
      ...logs.map(({ key, url = '' }) => `log ${formatVerifierKey(key)} ${url}`),
      ...peers.map((address) => `peer ${address}`),
      ...witnesses.map(({ name, key }) => `witness ${name} ${formatVerifierKey(key)}`),
    ];
    const path = join(folder, 'witness.conf');
    await writeFile(path, `${config.join('\n')}\n`);
    const child = fork(PROGRAM, ['--config', path], {
      execArgv: ['--enable-source-maps', '--expose-gc', '--import', PROBE],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const victim = new Victim(child, folder);
    await victim.#begin();
    return victim;
  }

  get alive(): boolean {
    return !this.#ended;
  }

  /** The port that libp2p listens on. */
  get port(): number {
    return Number(/\/tcp\/(\d+)/.exec(this.address)?.[1]);
  }

  async usage(): Promise<Usage> {
    const { pid } = this.process;
    const [status, stat] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    const size = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    const [user, system] = stat.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number);
    return { rss: size('VmRSS'), peak: size('VmHWM'), cpuSeconds: ((user ?? 0) + (system ?? 0)) / TICKS_PER_SECOND };
  }

  async resetPeak(): Promise<void> {
    await writeFile(`/proc/${this.process.pid}/clear_refs`, '5');
  }

  /** After a collection, in MiB. */
  async collect(): Promise<{ rss: number; heap: number; external: number }> {
    this.process.send({});
    const [{ rss, heapUsed, external }] = (await once(this.process, 'message')) as [NodeJS.MemoryUsage];
    return { rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20, external: external / 2 ** 20 };
  }

  async status(): Promise<WitnessStatus> {
    return (await (await fetch(`${this.url}/status`)).json()) as WitnessStatus;
  }

  async evidence(): Promise<EvidenceList['evidence']> {
    return ((await (await fetch(`${this.url}/evidence`)).json()) as EvidenceList).evidence;
  }

  /** Peers that were cut off, with the reason. */
  cutOff(): ReadonlyMap<string, string> {
    const lines = this.lines.filter(({ msg }) => msg === 'a peer was cut off');
    return new Map(lines.map(({ peer, why }) => [String(peer), String(why)]));
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return Number(new RegExp(`^${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1] ?? NaN);
  }

  async stop(): Promise<void> {
    if (!this.#ended) {
      this.process.kill('SIGTERM');
      await once(this.process, 'exit');
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    const { stdout, stderr } = this.process;
    if (stdout === null || stderr === null) throw new Error('no output');
    let errors = '';
    stderr.on('data', (data: Buffer) => (errors = (errors + data.toString()).slice(-4_000)));
    const listening = new Promise<number>((resolve, reject) => {
      this.process.once('exit', (code) => reject(new Error(`the victim ended with ${code}: ${errors}`)));
      createInterface({ input: stdout }).on('line', (text) => {
        const line = parseLine(text);
        if (line === undefined || line.msg === 'request refused') return;
        this.lines.push(line);
        if (this.lines.length > LINES_KEPT) this.lines.shift();
        if (line.msg === 'listening') resolve(Number(line['port']));
      });
    });
    this.url = `http://127.0.0.1:${await listening}`;
    const { network, keys } = await this.status();
    this.address = network?.addresses[0] ?? '';
    this.peerId = network?.peerId ?? '';
    this.key = parseVerifierKey(keys[0]?.verifierKey ?? '');
  }
}

function parseLine(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}
