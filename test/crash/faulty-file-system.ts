import { basename, dirname } from 'node:path';
import { FileSystem } from '#libs/tile-store';
import type { SimulatedDisk } from './simulated-disk.js';
import type { Fault, SimulatedProcess } from './simulated-process.js';

interface Step {
  readonly name: string;
  readonly path: string;
  readonly effect: () => Promise<unknown>;
  /** What is left of the step when it is cut short. */
  readonly short?: () => void;
  /** What is left when all but its fsync succeeds. */
  readonly unsynced?: () => void;
}

/** The disk as one process sees it, every step of which may fail. */
export class FaultyFileSystem extends FileSystem {
  constructor(
    private readonly disk: SimulatedDisk,
    private readonly process: SimulatedProcess,
  ) {
    super();
  }

  async write(path: string, bytes: Uint8Array, options: { sync: boolean; mode: number }): Promise<void> {
    await this.#step({
      name: `write ${options.sync ? 'and sync ' : ''}${purpose(path)}`,
      path,
      effect: () => this.disk.write(path, bytes, options),
      short: () => this.disk.writeVisible(path, bytes.subarray(0, bytes.length >> 1)),
      unsynced: () => this.disk.writeVisible(path, bytes),
    });
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | 'too-large' | undefined> {
    this.process.check();
    return this.disk.read(path, maxBytes);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step({ name: `rename to ${purpose(to)}`, path: to, effect: () => this.disk.rename(from, to) });
  }

  async link(from: string, to: string): Promise<void> {
    await this.#step({ name: `link ${purpose(to)}`, path: to, effect: () => this.disk.link(from, to) });
  }

  async remove(path: string): Promise<void> {
    await this.#step({ name: `remove ${purpose(path)}`, path, effect: () => this.disk.remove(path) });
  }

  async makeDirectory(path: string): Promise<string | undefined> {
    const name = `make directory for ${purpose(`${path}/x`)}`;
    return (await this.#step({ name, path, effect: () => this.disk.makeDirectory(path) })) as string | undefined;
  }

  async syncDirectory(path: string): Promise<void> {
    const name = `sync directory ${basename(path).replace(/\d+/g, 'N')}`;
    await this.#step({ name, path, effect: () => this.disk.syncDirectory(path), unsynced: () => undefined });
  }

  #step({ name, path, effect, short, unsynced }: Step): Promise<unknown> {
    return this.process.step(name, effect, async (fault: Fault) => {
      switch (fault) {
        case 'fail-but-persisted':
          await effect();
          break;
        case 'short-write':
        case 'no-space':
          short?.();
          break;
        case 'sync-fails':
          if (unsynced) unsynced();
          else await effect();
          break;
        default:
          break;
      }
      const code = fault === 'no-space' ? 'ENOSPC' : 'EIO';
      throw Object.assign(new Error(`${code}: ${name}, ${path}`), { code });
    });
  }
}

/** What a path is there for: the same word for every file of a kind. */
function purpose(path: string): string {
  if (basename(dirname(path)) === '.new') return 'a file without a name';
  if (path.includes('/tile/')) return /\.p(?:\/|$)/.test(path) ? 'a partial tile' : 'a full tile';
  return basename(path).replace(/\d+/g, 'N');
}
