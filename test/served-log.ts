import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { proveConsistency } from '#libs/merkle';
import { formatNote, parseNote, signNote, type NoteSigner } from '#libs/note';
import { tileNodeReader, tilePath } from '#libs/tlog';
import { GrowingTree } from './growing-tree.js';
import { localServer, type LocalServer } from './local-server.js';
import { ed25519Signer } from './note-signers.js';

/** One history of a log, with its tiles over HTTP. Entries from `forkAt` on are those of the branch. */
export class ServedLog {
  readonly #tree: GrowingTree;
  /** The size at which each file came. */
  readonly #since = new Map<string, number>();
  readonly #notes = new Map<number, Uint8Array>();
  #published = 0;
  /** Whether it answers at all. */
  serves = true;
  /** What `/checkpoint` shows, and up to where tiles are shown, if that is less than everything: an old copy. */
  shownSize = Infinity;

  private constructor(
    readonly signer: NoteSigner,
    branch: string,
    forkAt: number,
    private readonly server: LocalServer,
  ) {
    this.#tree = new GrowingTree(branch, forkAt);
  }

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
    while (this.#tree.size < size) {
      for (const path of this.#tree.append()) this.#since.set(path, this.#tree.size);
      this.#notes.set(this.#tree.size, await this.#note([]));
    }
    this.#published = Math.max(this.#published, size);
    const note = this.#notes.get(size);
    if (note === undefined || signers.length > 0) {
      if (this.#tree.size !== size) throw new Error(`cosign size ${size} before the log grows`);
      return this.#note(signers);
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
      const tile = this.#tree.files.get(path);
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
    return (this.#since.get(path) ?? Infinity) <= this.shownSize ? this.#tree.files.get(path) : undefined;
  }

  async #note(signers: readonly NoteSigner[]): Promise<Uint8Array> {
    return formatNote(await signNote(this.#tree.checkpoint(this.signer.key.name), [this.signer, ...signers]));
  }
}

/** A folder for one test. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tally-gossip-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
