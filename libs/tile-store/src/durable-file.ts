import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TileStoreError } from './tile-store-error.js';

/**
 * Writes `bytes` beside `path` and renames: a reader sees the old file or the whole new one. With `durable`, the bytes
 * are on disk before the name is; the name itself is durable once its directory is synced.
 */
export async function replaceFile(path: string, bytes: Uint8Array, durable: boolean): Promise<void> {
  const temporary = `${dirname(path)}/.${randomUUID()}.new`;
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC'
      ? new TileStoreError('no-space', `there is no room on the disk for ${path}`, { cause: error })
      : error;
  }
}

export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a directory and its parents; their names are durable when it resolves. */
export async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let child = directory; child.length >= first.length; child = dirname(child)) await syncDirectory(dirname(child));
}
