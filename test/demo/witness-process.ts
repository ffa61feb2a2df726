import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { addCheckpoint, fetchWitnessStatus, type AddCheckpointAnswer } from '#libs/client';
import { KEY_TYPE, formatVerifierKey, verifierKey, type NoteSignature, type VerifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';
import type { AddCheckpointRequest } from '#libs/tlog';
import { eventually } from './eventually.js';

const MAIN = 'dist/apps/witness/src/main.js';

/** A place in the network, before anybody is there. */
export interface Place {
  readonly city: string;
  readonly name: string;
  readonly key: VerifierKey;
  readonly folder: string;
  /** Where the others call it: a libp2p multiaddr. */
  readonly address: string;
}

/** A witness has it on its disk, at `atMs` by its own clock, that a log has two histories. */
export interface Notice {
  readonly atMs: number;
  /** `same-size` or `different-sizes`. */
  readonly kind: string;
  readonly file: string;
}

interface LogLine {
  readonly time: number;
  readonly msg: string;
  readonly port?: number;
  readonly origin?: string;
  readonly kind?: string;
  readonly evidence?: string;
}

const decimal = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

/** Makes the key of a witness, so that the others can be told of it before it starts. */
export async function preparePlace(city: string, port: number, parent: string): Promise<Place> {
  const folder = join(parent, city.toLowerCase());
  await mkdir(folder, { mode: 0o700 });
  const name = `${city.toLowerCase()}.witness.example`;
  const { publicKey } = await openKeyFile(join(folder, 'witness.key'), {
    role: 'witness',
    algorithm: 'ed25519',
    profile: 'development',
    create: true,
  });
  const key = verifierKey(name, KEY_TYPE.cosignature, publicKey.raw);
  return { city, name, key, folder, address: `/ip4/127.0.0.1/tcp/${port}` };
}

/** `tally-witness`, built and unchanged, in a process of its own. */
export class WitnessProcess {
  readonly #notices = new Map<string, Notice>();
  #port: number | undefined;
  #stderr = '';

  private constructor(
    readonly place: Place,
    private readonly child: ChildProcess,
  ) {
    const { stdout, stderr } = child;
    if (stdout) createInterface({ input: stdout }).on('line', (line) => this.#read(JSON.parse(line) as LogLine));
    stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
  }

  /** `logs` are lines of the config file; it stays connected to `peers`, and knows the keys of `others`. */
  static async start(
    place: Place,
    logs: readonly string[],
    peers: readonly Place[],
    others: readonly Place[],
  ): Promise<WitnessProcess> {
    const config = [
      `name ${place.name}`,
      'profile development',
      'listen 127.0.0.1:0',
      'data .',
      'key witness.key',
      ...logs.map((log) => `log ${log}`),
      ...others.map(({ name, key }) => `witness ${name} ${formatVerifierKey(key)}`),
      `p2p ${place.address}`,
      ...peers.map(({ address }) => `peer ${address}`),
    ];
    const path = join(place.folder, 'witness.conf');
    await writeFile(path, `${config.join('\n')}\n`);
    const child = spawn(process.execPath, [resolve(MAIN), '--config', path], {
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // Whatever happens here, no witness is left behind.
    process.once('exit', () => child.kill('SIGKILL'));
    return new WitnessProcess(place, child);
  }

  get city(): string {
    return this.place.city;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Resolves when it answers, and gossips with `peers` others. */
  async ready(peers: number): Promise<void> {
    await eventually(`${this.city} listens`, () => this.#alive() && this.#port !== undefined);
    await eventually(`${this.city} is connected to the others`, async () => {
      const { peers: found = [] } = (await fetchWitnessStatus(this.url)) ?? {};
      return new Set(found.map(({ witness }) => witness).filter((name) => name !== '')).size >= peers;
    });
  }

  /** @throws ServiceError */
  ask(request: AddCheckpointRequest): Promise<AddCheckpointAnswer> {
    return addCheckpoint(this.url, request);
  }

  /** The cosignature. @throws Error when it refuses */
  async cosign(request: AddCheckpointRequest): Promise<readonly NoteSignature[]> {
    const answer = await this.ask(request);
    if (answer.kind === 'cosigned') return answer.lines;
    throw new Error(`${this.city} should have cosigned, and did not: ${JSON.stringify(answer, decimal)}`);
  }

  /** The words with which it refuses a log that it has frozen. @throws Error when it does anything else */
  async refuse(request: AddCheckpointRequest): Promise<string> {
    const answer = await this.ask(request);
    if (answer.kind === 'refused' && answer.status === 404) return answer.body.trim();
    throw new Error(`${this.city} should have answered 404, and did not: ${JSON.stringify(answer, decimal)}`);
  }

  /** Resolves when it holds the evidence against the log. */
  async noticed(origin: string): Promise<Notice> {
    await eventually(`${this.city} notices`, () => this.#alive() && this.#notices.has(origin));
    return this.#notices.get(origin) as Notice;
  }

  /** One of its metrics: the sum over the labels, of those lines that contain `label`. */
  async metric(name: string, label: string = ''): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(name) && line.includes(label))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  /** Ends it as an operator does. @throws Error when it does not end well */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = once(this.child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    this.child.kill('SIGTERM');
    const [code, signal] = await ended;
    if (code !== 0) throw new Error(`${this.city} ended with ${code ?? signal}: ${this.#stderr}`);
  }

  #alive(): true {
    if (this.child.exitCode === null) return true;
    throw new Error(`${this.city} ended with ${this.child.exitCode}: ${this.#stderr}`);
  }

  #read({ time, msg, port, origin, kind, evidence }: LogLine): void {
    if (msg === 'listening') this.#port = port;
    // The line is written when the evidence is durable.
    if (origin !== undefined && kind !== undefined && evidence !== undefined && !this.#notices.has(origin))
      this.#notices.set(origin, { atMs: time, kind, file: evidence });
  }
}
