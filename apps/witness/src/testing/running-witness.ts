import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  KEY_TYPE,
  openNote,
  parseNote,
  parseSignatureLines,
  parseVerifierKey,
  verifierKey,
  type NoteSigner,
  type VerifierKey,
} from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { cosignatureMessage, cosignatureVerifier, encodeCosignature, witnessCheckpointPath } from '#libs/tlog';
import type { WitnessConfig } from '../config.js';
import type { WitnessStatus } from '../status/status.js';
import { witnessService } from '../witness.module.js';

export const WITNESS_NAME = 'witness.example.org/w1';

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
  readonly retryAfter: string | null;
}

/** A witness with both keys, on a free port, in a folder of its own; it can be stopped and started again. */
export class RunningWitness {
  #service: RunningService | undefined;
  readonly lines: Record<string, unknown>[] = [];

  private constructor(
    readonly folder: string,
    private readonly config: Partial<WitnessConfig>,
  ) {}

  static async start(config: Partial<WitnessConfig>): Promise<RunningWitness> {
    const witness = new RunningWitness(await mkdtemp(join(tmpdir(), 'witness-')), config);
    await witness.start();
    return witness;
  }

  get data(): string {
    return join(this.folder, 'data');
  }

  get url(): string {
    return this.#service?.url ?? 'http://stopped.invalid';
  }

  async start(): Promise<void> {
    const config = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      name: WITNESS_NAME,
      keyFile: join(this.data, 'witness.key'),
      mlDsaKeyFile: join(this.data, 'witness-ml-dsa-44.key'),
      makeKeys: true,
      dataDirectory: this.data,
      logs: [],
      ...this.config,
    } as const;
    const write = (line: string): void => void this.lines.push(JSON.parse(line) as Record<string, unknown>);
    this.#service = await startService(witnessService(config), createLogger('witness', { write }));
  }

  async stop(): Promise<void> {
    await this.#service?.close();
    this.#service = undefined;
  }

  /** Stopped; what it has is copied, or put back. */
  async backUp(to: string): Promise<void> {
    await cp(this.data, join(this.folder, to), { recursive: true });
  }

  async restore(from: string): Promise<void> {
    await cp(join(this.folder, from), this.data, { recursive: true, force: true });
  }

  async post(path: string, body: Uint8Array): Promise<Answer> {
    const response = await fetch(`${this.url}/${path}`, { method: 'POST', body: Buffer.from(body) });
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      retryAfter: response.headers.get('retry-after'),
      body: await response.text(),
    };
  }

  addCheckpoint(body: Uint8Array): Promise<Answer> {
    return this.post('add-checkpoint', body);
  }

  /** What a thief of its Ed25519 key has. */
  async ownNoteSigner(): Promise<NoteSigner> {
    const path = join(this.data, 'witness.key');
    const signer = await openKeyFile(path, { role: 'witness', algorithm: 'ed25519', profile: 'development' });
    const key = verifierKey(WITNESS_NAME, KEY_TYPE.cosignature, signer.publicKey.raw);
    const timestamp = 1_790_000_000n;
    const sign = async (text: Uint8Array): Promise<Uint8Array> =>
      encodeCosignature(timestamp, await signer.sign(cosignatureMessage(text, timestamp)));
    return { key, sign };
  }

  /** The note of the monitoring endpoint. */
  async monitor(origin: string): Promise<Uint8Array> {
    const response = await fetch(`${this.url}/${witnessCheckpointPath(origin)}`);
    return new Uint8Array(await response.arrayBuffer());
  }

  async status(): Promise<WitnessStatus> {
    return (await (await fetch(`${this.url}/status`)).json()) as WitnessStatus;
  }

  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  }

  async keys(): Promise<VerifierKey[]> {
    return (await this.status()).keys.map(({ verifierKey }) => parseVerifierKey(verifierKey));
  }

  /** The types of the cosignatures in an answer that verify on a checkpoint. */
  async verified(answer: Answer, checkpoint: Uint8Array): Promise<number[]> {
    const signatures = parseSignatureLines(answer.body);
    const keys = await this.keys();
    const { verified } = openNote({ text: parseNote(checkpoint).text, signatures }, keys.map(cosignatureVerifier));
    return verified.map(({ keyId }) => keys.find(({ id }) => Buffer.compare(id, keyId) === 0)?.type ?? 0);
  }
}
