import { readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sha256, toHex } from '#crypto';
import { equalBytes } from '#libs/crypto';
import { parseTilePath, TlogError } from '#libs/tlog';
import { makeDirectory, replaceFile, syncDirectory } from './durable-file.js';
import { TileStoreError } from './tile-store-error.js';

/** A file of a log, by its path below the log's prefix (tlog-tiles, static-ct-api). */
export interface TileFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Above 256 leaves of the largest size with all that static-ct-api puts beside them. */
const FILE_MAX_BYTES = 64 * 1024 * 1024;
const ISSUER_PATH = /^issuer\/[0-9a-f]{64}$/;
const CHECKPOINT_MAX_BYTES = 1024 * 1024;

/**
 * The files of a log as they are served: tiles, bundles, issuers, the checkpoint. What is full never changes and is
 * durable before anything that refers to it; what is partial can be made again from the log's events.
 */
export class TileStore {
  /** Directories and issuers that this process has made or seen. */
  readonly #known = new Set<string>();

  private constructor(private readonly directory: string) {}

  static async open({ directory }: { readonly directory: string }): Promise<TileStore> {
    await makeDirectory(directory);
    return new TileStore(directory);
  }

  /**
   * Durable when it resolves: each file synced, then renamed into place, then the directories synced, one sync for all the
   * files in it. A file that is there already stays. The partial files that a full one replaces are removed.
   * @throws TileStoreError invalid-path, tile-differs, no-space
   */
  async writeFull(files: readonly TileFile[]): Promise<void> {
    const directories = new Set<string>();
    for (const { path, bytes } of files) {
      const absolute = this.#resolve(path);
      await this.#directoryOf(absolute);
      if (!(await this.#isThere(absolute, path, bytes))) await replaceFile(absolute, bytes, true);
      // Also of a file that was there: a process that died may have renamed it without syncing its directory.
      directories.add(dirname(absolute));
    }
    await Promise.all([...directories].map(syncDirectory));
    await Promise.all(files.map(({ path }) => rm(`${this.#resolve(path)}.p`, { recursive: true, force: true })));
  }

  async #isThere(absolute: string, path: string, bytes: Uint8Array): Promise<boolean> {
    const found = await readIfThere(absolute);
    if (!found) return false;
    if (!equalBytes(found, bytes)) {
      throw new TileStoreError(
        'tile-differs',
        `${path} has other bytes on disk (${found.length}) than the log's events give it (${bytes.length})`,
      );
    }
    return true;
  }

  /** In place when it resolves, and not durable. @throws TileStoreError invalid-path, no-space */
  async writePartial(files: readonly TileFile[]): Promise<void> {
    for (const { path, bytes } of files) {
      const absolute = this.#resolve(path);
      await this.#directoryOf(absolute);
      await replaceFile(absolute, bytes, false);
    }
  }

  /** Certificates, DER, by the SHA-256 that static-ct-api names them by. Durable when it resolves. */
  async writeIssuers(issuers: readonly Uint8Array[]): Promise<void> {
    const files = issuers.map((bytes) => ({ path: `issuer/${toHex(sha256(bytes))}`, bytes }));
    const fresh = files.filter(({ path }) => !this.#known.has(path));
    if (fresh.length === 0) return;
    await this.writeFull(fresh);
    for (const { path } of fresh) this.#known.add(path);
  }

  /** The published checkpoint: replaced as a whole, and durable when it resolves. @throws TileStoreError no-space */
  async writeCheckpoint(note: Uint8Array): Promise<void> {
    await replaceFile(join(this.directory, 'checkpoint'), note, true);
    await syncDirectory(this.directory);
  }

  async readCheckpoint(): Promise<Uint8Array | undefined> {
    return readIfThere(join(this.directory, 'checkpoint'), CHECKPOINT_MAX_BYTES);
  }

  /** A tile, bundle or issuer. @throws TileStoreError invalid-path, too-large */
  async read(path: string): Promise<Uint8Array | undefined> {
    return readIfThere(this.#resolve(path));
  }

  /** The paths of the specifications only, each in its one form: nothing leads out of the directory. */
  #resolve(path: string): string {
    if (!ISSUER_PATH.test(path)) {
      try {
        parseTilePath(path);
      } catch (cause) {
        if (!(cause instanceof TlogError)) throw cause;
        throw new TileStoreError('invalid-path', `${JSON.stringify(path.slice(0, 100))} is not a file of a log`, {
          cause,
        });
      }
    }
    return join(this.directory, path);
  }

  async #directoryOf(absolute: string): Promise<void> {
    const directory = dirname(absolute);
    // A partial file's directory goes away when the full file comes.
    if (this.#known.has(directory) && !directory.endsWith('.p')) return;
    await makeDirectory(directory);
    this.#known.add(directory);
  }
}

async function readIfThere(path: string, maxBytes = FILE_MAX_BYTES): Promise<Uint8Array | undefined> {
  try {
    const { size } = await stat(path);
    if (size > maxBytes) throw new TileStoreError('too-large', `${path} has ${size} bytes, the limit is ${maxBytes}`);
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined;
    throw error;
  }
}
