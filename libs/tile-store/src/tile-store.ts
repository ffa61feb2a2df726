import { randomUUID } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { sha256, toHex } from '#crypto';
import { equalBytes } from '#libs/crypto';
import type { FileSystem } from './file-system.js';
import { parseLogPath } from './log-file.js';
import { nodeFileSystem } from './node-file-system.js';
import { coded, TileStoreError } from './tile-store-error.js';

/** A file of a log, by its path below the log's prefix (tlog-tiles, static-ct-api). */
export interface TileFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const CHECKPOINT = 'checkpoint';
const CHECKPOINT_MAX_BYTES = 1024 * 1024;
/** Written at the same time, so that their fsyncs share the journal's commits. */
const FILES_AT_ONCE = 16;
const FILE_MODE = 0o644;

export interface TileStoreOptions {
  readonly directory: string;
  /** Default: that of the machine. */
  readonly fileSystem?: FileSystem;
}

/**
 * The files of a log as they are served: tiles, bundles, issuers, the checkpoint. What is full never changes and is
 * durable before anything that refers to it; what is partial can be made again from the log's events. Whoever writes is
 * the only one who does (a log holds the lock of its event store); anybody may read, a web server as well.
 */
export class TileStore {
  readonly #directory: string;
  readonly #fs: FileSystem;
  /** Where files are until they have their name; on the same file system. */
  readonly #unnamed: string;
  #unnamedReady: Promise<void> | undefined;
  /** Directories below ours whose names this process has made durable. */
  readonly #directories = new Set<string>();
  readonly #issuers = new Set<string>();

  private constructor(directory: string, fileSystem: FileSystem) {
    this.#directory = directory;
    this.#fs = fileSystem;
    this.#unnamed = join(directory, '.new');
  }

  /** @throws TileStoreError no-space, io-failed */
  static async open({ directory, fileSystem = nodeFileSystem }: TileStoreOptions): Promise<TileStore> {
    const absolute = resolve(directory);
    await coded(`making ${absolute}`, () => makeDirectories(fileSystem, absolute));
    return new TileStore(absolute, fileSystem);
  }

  /**
   * Full tiles, bundles and issuers, durable when it resolves. A file that is there already has to have the same bytes.
   * The partial tiles that a full one replaces are removed after it: tlog-tiles lets readers fall back to the full one.
   * @throws TileStoreError invalid-path, tile-differs, too-large, no-space, io-failed
   */
  async writeFull(files: readonly TileFile[]): Promise<void> {
    for (const file of files) check(file, true);
    await coded('writing full tiles', async () => {
      const directories = [...new Set(files.map(({ path }) => dirname(join(this.#directory, path))))];
      for (const directory of directories) await this.#makeDirectory(directory);
      await inTurns(files, (file) => this.#writeOnce(file));
      // Also for a file that was there: a process that was killed may have named it, and not synced its directory.
      await Promise.all(directories.map((directory) => this.#fs.syncDirectory(directory)));
      await inTurns(files, ({ path }) => this.#fs.remove(`${join(this.#directory, path)}.p`));
    });
  }

  /**
   * Partial tiles and bundles: readers see the old file or the whole new one, but a power cut can leave less. So what is
   * there is not trusted, and is replaced. `durable`: it is on the disk when it resolves, for whoever has no events to make
   * it again from.
   * @throws TileStoreError invalid-path, too-large, no-space, io-failed
   */
  async writePartial(files: readonly TileFile[], { durable = false }: { durable?: boolean } = {}): Promise<void> {
    for (const file of files) check(file, false);
    await coded('writing partial tiles', async () => {
      const directories = [...new Set(files.map(({ path }) => dirname(join(this.#directory, path))))];
      for (const directory of durable ? directories : []) await this.#makeDirectory(directory);
      await inTurns(files, async ({ path, bytes }) => {
        const absolute = join(this.#directory, path);
        await this.#fs.makeDirectory(dirname(absolute));
        await this.#fs.rename(await this.#writeUnnamed(bytes, durable), absolute);
      });
      if (durable) await Promise.all(directories.map((directory) => this.#fs.syncDirectory(directory)));
    });
  }

  /** Certificates, DER, by the SHA-256 that static-ct-api names them by. As `writeFull`, and free when they are known. */
  async writeIssuers(issuers: readonly Uint8Array[]): Promise<void> {
    const files = issuers.map((bytes) => ({ path: `issuer/${toHex(sha256(bytes))}`, bytes }));
    const unknown = files.filter(({ path }) => !this.#issuers.has(path));
    if (unknown.length === 0) return;
    await this.writeFull(unknown);
    for (const { path } of unknown) this.#issuers.add(path);
  }

  /** The published checkpoint: replaced as a whole, and durable when it resolves. @throws TileStoreError no-space, io-failed */
  async writeCheckpoint(note: Uint8Array): Promise<void> {
    await coded('writing the checkpoint', async () => {
      // The bytes are on the disk before they have the name: a crash leaves the old checkpoint or the new one.
      await this.#fs.rename(await this.#writeUnnamed(note, true), join(this.#directory, CHECKPOINT));
      await this.#fs.syncDirectory(this.#directory);
    });
  }

  /** @throws TileStoreError too-large, io-failed */
  readCheckpoint(): Promise<Uint8Array | undefined> {
    return this.#read(CHECKPOINT, CHECKPOINT_MAX_BYTES);
  }

  /** A tile, bundle or issuer; undefined when it isn't there. @throws TileStoreError invalid-path, too-large, io-failed */
  async read(path: string): Promise<Uint8Array | undefined> {
    return this.#read(path, parseLogPath(path).maxBytes);
  }

  async #read(path: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const read = await coded(`reading ${path}`, () => this.#fs.read(join(this.#directory, path), maxBytes));
    if (read === 'too-large')
      throw new TileStoreError('too-large', `${path} on the disk has more than ${maxBytes} bytes`);
    return read;
  }

  /** Gives a file that never changes its name, once. Its directory is yet to be synced. */
  async #writeOnce({ path, bytes }: TileFile): Promise<void> {
    if (await this.#isThere(path, bytes)) return;
    const unnamed = await this.#writeUnnamed(bytes, true);
    try {
      // Unlike rename, link can't replace: not even a second writer, who shouldn't be there, loses a tile to this one.
      await this.#fs.link(unnamed, join(this.#directory, path));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await this.#isThere(path, bytes))) throw error;
    } finally {
      await this.#fs.remove(unnamed);
    }
  }

  /** A file with these bytes was synced before it had the name, so it is durable as soon as the name is. */
  async #isThere(path: string, bytes: Uint8Array): Promise<boolean> {
    const found = await this.read(path);
    if (!found || equalBytes(found, bytes)) return found !== undefined;
    throw new TileStoreError(
      'tile-differs',
      `${path} on the disk has ${found.length} bytes that are not the ${bytes.length} it should have`,
    );
  }

  async #writeUnnamed(bytes: Uint8Array, sync: boolean): Promise<string> {
    this.#unnamedReady ??= this.#emptyUnnamed();
    await this.#unnamedReady;
    const path = join(this.#unnamed, randomUUID());
    try {
      await this.#fs.write(path, bytes, { sync, mode: FILE_MODE });
    } catch (error) {
      await this.#fs.remove(path).catch(() => undefined); // on a full disk every byte counts
      throw error;
    }
    return path;
  }

  /**
   * Removes what a process left that was killed. At the first write and not when the store is opened: a second process
   * opens it too, before it finds that there is a writer.
   */
  async #emptyUnnamed(): Promise<void> {
    try {
      await this.#fs.remove(this.#unnamed);
      await this.#fs.syncDirectory(this.#directory); // fails when somebody removed it: it isn't made a second time
      await this.#fs.makeDirectory(this.#unnamed);
    } catch (error) {
      this.#unnamedReady = undefined;
      throw error;
    }
  }

  /** The name of a directory is in its parent. Syncs also those that were there, as this process can't know who made them. */
  async #makeDirectory(directory: string): Promise<void> {
    if (directory === this.#directory || this.#directories.has(directory)) return;
    await this.#makeDirectory(dirname(directory));
    await this.#fs.makeDirectory(directory);
    await this.#fs.syncDirectory(dirname(directory));
    this.#directories.add(directory);
  }
}

/** Makes a directory and those above it; the names of the new ones are durable when it resolves. */
async function makeDirectories(fileSystem: FileSystem, directory: string): Promise<void> {
  const first = await fileSystem.makeDirectory(directory);
  if (first === undefined) return;
  for (let child = directory; child.length >= first.length; child = dirname(child)) {
    await fileSystem.syncDirectory(dirname(child));
  }
}

function check({ path, bytes }: TileFile, full: boolean): void {
  const file = parseLogPath(path);
  if (file.full !== full) {
    throw new TileStoreError(
      'invalid-path',
      `${path} is ${full ? 'a partial' : 'a full'} tile, it should be the other`,
    );
  }
  if (bytes.length > file.maxBytes) {
    throw new TileStoreError('too-large', `${path} would have ${bytes.length} bytes, it may have ${file.maxBytes}`);
  }
}

async function inTurns<T>(items: readonly T[], step: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += FILES_AT_ONCE) {
    await Promise.all(items.slice(at, at + FILES_AT_ONCE).map(step));
  }
}
