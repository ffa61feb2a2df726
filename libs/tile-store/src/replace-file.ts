import { dirname } from 'node:path';
import type { FileSystem } from './file-system.js';
import { nodeFileSystem } from './node-file-system.js';

export interface ReplaceOptions {
  /** The permissions of the new file. Default: nobody else's to read. */
  readonly mode?: number;
  /** Default: that of the machine. */
  readonly fileSystem?: FileSystem;
}

const PRIVATE_MODE = 0o600;

/**
 * Makes or replaces a file whose directory is there: readers see the old bytes or all of the new ones, and the new ones are
 * durable when it resolves. One writer for a path at a time: the bytes are in `<path>.new` first, where a process that is
 * killed may leave them for the next one to write over.
 * @throws the file system's error; then the file is the old one as a whole, or, if only the sync of its directory failed, the
 *   new one
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array,
  { mode = PRIVATE_MODE, fileSystem = nodeFileSystem }: ReplaceOptions = {},
): Promise<void> {
  const temporary = `${path}.new`;
  try {
    await fileSystem.write(temporary, bytes, { sync: true, mode });
    await fileSystem.rename(temporary, path);
  } catch (error) {
    await fileSystem.remove(temporary).catch(() => undefined); // on a full disk every byte counts
    throw error;
  }
  // A name is durable once its directory is.
  await fileSystem.syncDirectory(dirname(path));
}
