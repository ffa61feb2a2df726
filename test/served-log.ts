import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashLeaf, proveConsistency } from '#libs/merkle';
import { formatNote, parseNote, signNote, type NoteSigner } from '#libs/note';
import { EMPTY_EDGE, edgeRoot, formatCheckpoint, integrate, tileNodeReader, tilePath, type TileEdge } from '#libs/tlog';
import { localServer, type LocalServer } from './local-server.js';
import { ed25519Signer } from './note-signers.js';

/** One history of a log, with its tiles over HTTP. Entries from `forkAt` on are those of the branch. */
export class ServedLog {
  readonly #files = new Map<string, Uint8Array>();
  /** The size at which each file came. */
  readonly #since = new Map<string, number>();
  readonly #notes = new Map<number, Uint8Array>();
  #edge: TileEdge = EMPTY_EDGE;
  #published = 0;
  /** Whether it answers at all. */
  serves = true;
  /** What `/checkpoint` shows, and up to where tiles are shown, if that is less than everything: an old copy. */
  shownSize = Infinity;

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
      for (const { level, index, width, bytes } of tiles) {
        this.#files.set(tilePath(level, index, width), bytes);
        this.#since.set(tilePath(level, index, width), i + 1);
      }
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

  /** Signs the same head once more; that is what is shown from now on. */
  async signAgain(size: number): Promise<Uint8Array> {
    const note = this.#notes.get(size);
    if (note === undefined) throw new Error(`no head of size ${size} was signed`);
    const again = formatNote(await signNote(parseNote(note).text, [this.signer]));
    this.#notes.set(size, again);
    return again;
  }

  /** That the tree of `size` leaves extends the one of `oldSize`. */
  prove(oldSize: bigint, size: bigint): Promise<Uint8Array[]> {
    const read = tileNodeReader(size, async (level, index, width) => {
      const path = tilePath(level, index, width);
      const tile = this.#files.get(path);
      if (tile === undefined) throw new Error(`this log has no ${path}`);
      return tile;
    });
    return proveConsistency(oldSize, size, read);
  }

  close(): Promise<void> {
    return this.server.close();
  }

  #file(path: string): Uint8Array | undefined {
    if (path === 'checkpoint') return this.#notes.get(Math.min(this.#published, this.shownSize));
    return (this.#since.get(path) ?? Infinity) <= this.shownSize ? this.#files.get(path) : undefined;
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
