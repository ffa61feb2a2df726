import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashLeaf } from '#libs/merkle';
import { formatNote, signNote, type NoteSigner } from '#libs/note';
import { EMPTY_EDGE, edgeRoot, formatCheckpoint, integrate, tilePath, type TileEdge } from '#libs/tlog';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { ed25519Signer } from '../../../../test/note-signers.js';

/** One history of a log, with its tiles over HTTP. Entries from `forkAt` on are those of the branch. */
export class ServedLog {
  readonly #files = new Map<string, Uint8Array>();
  readonly #notes = new Map<number, Uint8Array>();
  #edge: TileEdge = EMPTY_EDGE;
  #published = 0;
  /** Whether it answers at all. */
  serves = true;

  private constructor(
    readonly signer: NoteSigner,
    private readonly branch: string,
    private readonly forkAt: number,
    private readonly server: LocalServer,
  ) {}

  static async start(
    origin: string,
    branch: string = 'a',
    { forkAt = Infinity, signer = ed25519Signer(origin) }: { forkAt?: number; signer?: NoteSigner } = {},
  ): Promise<ServedLog> {
    const server = await localServer((request, response) => {
      const file = log.serves ? log.#file((request.url ?? '').slice(1)) : undefined;
      response.statusCode = file ? 200 : 404;
      response.end(file);
    });
    const log = new ServedLog(signer, branch, forkAt, server);
    return log;
  }

  get url(): string {
    return this.server.url;
  }

  get requests(): number {
    return this.server.requests.length;
  }

  /** Signs the head of `size` leaves. Its tiles are served from then on, and it is what `/checkpoint` shows. */
  async sign(size: number, signers: readonly NoteSigner[] = []): Promise<Uint8Array> {
    while (Number(this.#edge.size) < size) {
      const i = Number(this.#edge.size);
      const entry = i < this.forkAt ? `entry ${i}` : `entry ${i} of ${this.branch}`;
      const { edge, tiles } = integrate(this.#edge, [hashLeaf(Buffer.from(entry))]);
      this.#edge = edge;
      for (const { level, index, width, bytes } of tiles) this.#files.set(tilePath(level, index, width), bytes);
      this.#notes.set(Number(edge.size), await this.#note(edge, []));
    }
    this.#published = Math.max(this.#published, size);
    const note = this.#notes.get(size);
    if (note === undefined || signers.length > 0) {
      if (Number(this.#edge.size) !== size) throw new Error(`cosign size ${size} before the log grows`);
      return this.#note(this.#edge, signers);
    }
    return note;
  }

  close(): Promise<void> {
    return this.server.close();
  }

  #file(path: string): Uint8Array | undefined {
    return path === 'checkpoint' ? this.#notes.get(this.#published) : this.#files.get(path);
  }

  async #note(edge: TileEdge, signers: readonly NoteSigner[]): Promise<Uint8Array> {
    const checkpoint = { origin: this.signer.key.name, size: edge.size, root: edgeRoot(edge), extensions: [] };
    return formatNote(await signNote(formatCheckpoint(checkpoint), [this.signer, ...signers]));
  }
}

/** A folder for one test. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tally-gossip-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
