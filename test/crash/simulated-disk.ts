import { dirname } from 'node:path';
import { FileSystem } from '#libs/tile-store';

/** What was written to a file, and what of it a power cut leaves for certain. */
interface File {
  bytes: Uint8Array;
  /** Undefined: nothing of it was ever synced. */
  durable: Uint8Array | undefined;
}

type Node = File | 'directory';

/** A change of names that no fsync of its directory has made durable yet. */
interface NameChange {
  readonly path: string;
  /** Undefined: the name is gone. */
  readonly node: Node | undefined;
  /** Of a rename: the name that goes in the same step. */
  readonly from?: string;
}

function systemError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/**
 * A disk in memory that keeps what POSIX promises and no more: bytes are durable after an fsync of their file, names after
 * an fsync of their directory. At a power cut each of the other changes is there or not by the throw of a coin, whatever
 * came before or after it, and bytes that were not synced are the old ones, the new ones, torn, or zeros.
 */
export class SimulatedDisk extends FileSystem {
  #names = new Map<string, Node>();
  #durableNames = new Map<string, Node>();
  #pending: NameChange[] = [];
  readonly #random: () => number;

  /** @param random from 0 up to 1 */
  constructor(random: () => number) {
    super();
    this.#random = random;
  }

  async write(path: string, bytes: Uint8Array, { sync }: { sync: boolean }): Promise<void> {
    const file = this.writeVisible(path, bytes);
    if (sync) file.durable = file.bytes;
  }

  /** The write without its fsync. */
  writeVisible(path: string, bytes: Uint8Array): File {
    if (this.#names.get(dirname(path)) !== 'directory') throw systemError('ENOENT', path);
    const there = this.#names.get(path);
    if (there === 'directory') throw systemError('EISDIR', path);
    const file = there ?? { bytes, durable: undefined };
    file.bytes = bytes.slice();
    if (there === undefined) this.#change({ path, node: file });
    return file;
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | 'too-large' | undefined> {
    const file = this.#names.get(path);
    if (file === undefined) return undefined;
    if (file === 'directory') throw systemError('EISDIR', path);
    return file.bytes.length > maxBytes ? 'too-large' : file.bytes.slice();
  }

  async rename(from: string, to: string): Promise<void> {
    const node = this.#names.get(from);
    if (node === undefined || this.#names.get(dirname(to)) !== 'directory') throw systemError('ENOENT', from);
    this.#change({ path: to, node, from });
  }

  async link(from: string, to: string): Promise<void> {
    const node = this.#names.get(from);
    if (node === undefined || this.#names.get(dirname(to)) !== 'directory') throw systemError('ENOENT', from);
    if (this.#names.has(to)) throw systemError('EEXIST', to);
    this.#change({ path: to, node });
  }

  async remove(path: string): Promise<void> {
    for (const name of [...this.#names.keys()].reverse()) {
      if (name === path || name.startsWith(`${path}/`)) this.#change({ path: name, node: undefined });
    }
  }

  async makeDirectory(path: string): Promise<string | undefined> {
    if (this.#names.has(path)) return undefined;
    const above = dirname(path) === path ? undefined : await this.makeDirectory(dirname(path));
    this.#change({ path, node: 'directory' });
    return above ?? path;
  }

  async syncDirectory(path: string): Promise<void> {
    if (this.#names.get(path) !== 'directory') throw systemError('ENOENT', path);
    this.#pending = this.#pending.filter((change) => {
      if (dirname(change.path) !== path) return true;
      apply(this.#durableNames, change);
      return false;
    });
  }

  /** A directory that was there long before, with all above it. */
  async prepareDirectory(path: string): Promise<void> {
    await this.makeDirectory(path);
    for (let at = path; this.#names.has(at); at = dirname(at)) {
      this.#durableNames.set(at, 'directory');
      if (dirname(at) === at) break;
    }
  }

  /** What would be read after a power cut, if that is certain. */
  durable(path: string): Uint8Array | undefined {
    const file = this.#durableNames.get(path);
    return file === undefined || file === 'directory' ? undefined : file.durable;
  }

  /** What is read now. */
  visible(path: string): Uint8Array | undefined {
    const file = this.#names.get(path);
    return file === undefined || file === 'directory' ? undefined : file.bytes;
  }

  paths(): string[] {
    return [...this.#names].filter(([, node]) => node !== 'directory').map(([path]) => path);
  }

  /** A flipped bit, or a file put there by hand. */
  overwrite(path: string, bytes: Uint8Array): void {
    const file = this.writeVisible(path, bytes);
    file.durable = file.bytes;
    this.#durableNames.set(path, file);
  }

  /** Everything that was not made durable is there or not, in any combination. */
  powerCut(): void {
    for (const change of this.#pending.splice(0)) {
      if (this.#random() < 0.5) apply(this.#durableNames, change);
    }
    const reachable = (path: string): boolean =>
      path === dirname(path) || (this.#durableNames.get(dirname(path)) === 'directory' && reachable(dirname(path)));
    for (const path of this.#durableNames.keys()) {
      if (!reachable(path)) this.#durableNames.delete(path);
    }
    for (const file of this.#durableNames.values()) {
      if (file === 'directory' || file.bytes === file.durable) continue;
      file.bytes = this.#whatIsLeft(file);
      file.durable = file.bytes;
    }
    this.#names = new Map(this.#durableNames);
  }

  #whatIsLeft({ bytes, durable = new Uint8Array(0) }: File): Uint8Array {
    const torn = Math.floor(this.#random() * bytes.length);
    const outcomes = [durable, bytes, bytes.subarray(0, torn), bytes.map((byte, at) => (at < torn ? byte : 0))];
    return outcomes[Math.floor(this.#random() * outcomes.length)] ?? durable;
  }

  #change(change: NameChange): void {
    apply(this.#names, change);
    this.#pending.push(change);
  }
}

function apply(names: Map<string, Node>, { path, node, from }: NameChange): void {
  if (node === undefined) names.delete(path);
  else names.set(path, node);
  if (from !== undefined && from !== path && names.get(from) === node) names.delete(from);
}
