import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { addCheckpoint, fetchWitnessStatus, type AddCheckpointAnswer } from '#libs/client';
import { KEY_TYPE, formatVerifierKey, verifierKey, type NoteSignature, type VerifierKey } from '#libs/note';
import { openKeyFile } from '#libs/signer';
import type { AddCheckpointRequest } from '#libs/tlog';
import { Program } from './program.js';

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
  private constructor(
    readonly place: Place,
    private readonly program: Program,
    private readonly notices: ReadonlyMap<string, Notice>,
  ) {}

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
    const notices = new Map<string, Notice>();
    const program = await Program.start(
      place.city,
      'witness',
      place.folder,
      config,
      ({ time, origin, kind, evidence: file }) => {
        // The line that names an evidence file is written when the file is durable.
        if (origin === undefined || kind === undefined || file === undefined || notices.has(origin)) return;
        notices.set(origin, { atMs: time, kind, file });
      },
    );
    return new WitnessProcess(place, program, notices);
  }

  get city(): string {
    return this.place.city;
  }

  get url(): string {
    return this.program.url;
  }

  /** Resolves when it answers, and gossips with `peers` others. */
  async ready(peers: number): Promise<void> {
    await this.program.listens();
    await this.program.eventually('is connected to the others', async () => {
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
    await this.program.eventually('notices', () => this.notices.has(origin));
    return this.notices.get(origin) as Notice;
  }

  /** Resolves when others have told it of a tree that it was never shown. */
  async hearsOfAnotherTree(): Promise<void> {
    const loose = async (): Promise<boolean> => (await this.metric('tally_gossip_loose_heads')) > 0;
    // Twice: for a moment, a tree that it has just cosigned is another one too.
    await this.program.eventually('hears of another tree', async () => (await loose()) && delay(50).then(loose));
  }

  /** One of its metrics: the sum over the labels, of those lines that contain `label`. */
  async metric(name: string, label: string = ''): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => line.startsWith(name) && line.includes(label))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  }

  stop(): Promise<void> {
    return this.program.stop();
  }
}
