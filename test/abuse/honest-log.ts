import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hashLeaf, proveConsistency } from '#libs/merkle';
import { formatNote, signNote, type NoteSigner } from '#libs/note';
import {
  EMPTY_EDGE,
  edgeRoot,
  formatAddCheckpointRequest,
  formatCheckpoint,
  integrate,
  tileNodeReader,
  tilePath,
  type TileEdge,
} from '#libs/tlog';
import { localServer, type LocalServer } from '../local-server.js';
import { ed25519Signer } from '../note-signers.js';

const ASKER = 'test/abuse/victim/asker.mjs';

/** A log that grows by one leaf with each checkpoint, keeps every checkpoint that it ever signed, and serves its tiles. */
export class HonestLog {
  /** By size; there is none of size 0. */
  readonly notes: Uint8Array[] = [new Uint8Array(0)];
  readonly #tiles = new Map<string, Uint8Array>();
  #edge: TileEdge = EMPTY_EDGE;

  private constructor(
    readonly signer: NoteSigner,
    private readonly server: LocalServer | undefined,
  ) {}

  static async start(origin: string, serves = true): Promise<HonestLog> {
    const server = serves
      ? await localServer(({ url = '' }, response) => {
          const path = url.slice(1);
          const file = path === 'checkpoint' ? log.notes.at(-1) : log.#tiles.get(path);
          response.statusCode = file ? 200 : 404;
          response.end(file);
        })
      : undefined;
    const log = new HonestLog(ed25519Signer(origin), server);
    return log;
  }

  get url(): string | undefined {
    return this.server?.url;
  }

  get size(): number {
    return this.notes.length - 1;
  }

  async grow(size: number = this.size + 1): Promise<Uint8Array> {
    while (this.size < size) {
      const { edge, tiles } = integrate(this.#edge, [hashLeaf(Buffer.from(`entry ${this.size}`))]);
      this.#edge = edge;
      for (const { level, index, width, bytes } of tiles) this.#tiles.set(tilePath(level, index, width), bytes);
      const checkpoint = { origin: this.signer.key.name, size: edge.size, root: edgeRoot(edge), extensions: [] };
      this.notes.push(formatNote(await signNote(formatCheckpoint(checkpoint), [this.signer])));
    }
    return this.note(size);
  }

  note(size: number): Uint8Array {
    const note = this.notes[size];
    if (note === undefined) throw new Error(`no checkpoint of size ${size}`);
    return note;
  }

  prove(from: bigint, to: bigint): Promise<Uint8Array[]> {
    const read = tileNodeReader(to, async (level, index, width) => {
      const tile = this.#tiles.get(tilePath(level, index, width));
      if (tile === undefined) throw new Error(`no tile ${level}/${index} of ${width}`);
      return tile;
    });
    return proveConsistency(from, to, read);
  }

  /** Has its newest checkpoint cosigned, for the first time. */
  async submit(url: string): Promise<number> {
    const body = formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint: this.note(this.size) });
    return (await fetch(`${url}/add-checkpoint`, { method: 'POST', body: body as BodyInit })).status;
  }

  async close(): Promise<void> {
    await this.server?.close();
  }
}

/** Latencies of one stretch of time, in milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly failures: number;
  readonly median: number;
  readonly worst: number;
}

/** What `asker.mjs` says. */
interface Asked {
  readonly status: number;
  readonly ms: number;
  readonly body: string;
}

/** Has one checkpoint after the other cosigned, as an honest log does, and writes down how long it takes. */
export class Pump {
  readonly #asker: ChildProcess;
  #times: number[] = [];
  #failures = 0;
  #cosigned = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(
    private readonly log: HonestLog,
    private readonly url: string,
    private readonly everyMs: number,
  ) {
    this.#asker = fork(ASKER, { serialization: 'advanced', execArgv: [] });
    this.#running = this.#run();
  }

  /** Checkpoints that were cosigned since the last `take`. */
  get count(): number {
    return this.#times.length;
  }

  /** What was measured since the last call. */
  take(): Latencies {
    const sorted = this.#times.toSorted((a, b) => a - b);
    const failures = this.#failures;
    this.#times = [];
    this.#failures = 0;
    return {
      count: sorted.length,
      failures,
      median: sorted[Math.floor(sorted.length / 2)] ?? NaN,
      worst: sorted.at(-1) ?? NaN,
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    this.#asker.disconnect();
    await once(this.#asker, 'exit');
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const began = performance.now();
      const checkpoint = await this.log.grow();
      const { size } = this.log;
      const old = BigInt(this.#cosigned);
      const proof = old === 0n ? [] : await this.log.prove(old, BigInt(size));
      const { status, ms, body } = await this.#ask(formatAddCheckpointRequest({ oldSize: old, proof, checkpoint }));
      if (status === 200) {
        this.#times.push(ms);
        this.#cosigned = size;
      } else if (status === 409) this.#cosigned = Number(body);
      else this.#failures += 1;
      const rest = this.everyMs - (performance.now() - began);
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, rest)));
    }
  }

  async #ask(body: Uint8Array): Promise<Asked> {
    this.#asker.send({ url: `${this.url}/add-checkpoint`, body });
    const [asked] = (await once(this.#asker, 'message')) as [Asked];
    return asked;
  }
}
