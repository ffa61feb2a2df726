import { statfs } from 'node:fs/promises';
import { MirrorError } from './mirror-error.js';

/**
 * What the mirror leaves of its disk: the witness's own record may be on it, and must go on. All uploads and all logs that are
 * followed may each be past the check with a package of 16 MiB.
 */
export const DISK_RESERVE_BYTES = 512 * 1024 * 1024;

/** How much room there is for copies of logs. */
export class DiskRoom {
  /** @param free the bytes that may still be written; undefined when that is not known */
  constructor(readonly free: () => Promise<number | undefined>) {}

  /** The disk that a directory is on. Not every file system says how full it is. */
  static of(directory: string): DiskRoom {
    return new DiskRoom(async () => {
      const found = await statfs(directory).catch(() => undefined);
      return found && found.bavail * found.bsize;
    });
  }

  /** Why nothing more is stored; undefined when there is room. */
  async problem(): Promise<string | undefined> {
    const free = await this.free();
    if (free === undefined || free >= DISK_RESERVE_BYTES) return undefined;
    return `its disk has ${free} bytes left; the last ${DISK_RESERVE_BYTES} are kept for others`;
  }

  /** @throws MirrorError no-room */
  async expect(): Promise<void> {
    const problem = await this.problem();
    if (problem !== undefined) throw new MirrorError('no-room', `nothing more is mirrored: ${problem}`);
  }
}
