import { randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces a file so that after a crash either the old bytes are there or the new ones. */
export async function replaceDurably(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  const temporary = await written(path, bytes, mode);
  await rename(temporary, path).catch(removing(temporary));
  await syncDirectory(dirname(path));
}

/** Makes a file with all of its bytes, unless there is one: `false`. */
export async function createDurably(path: string, bytes: Uint8Array, mode: number): Promise<boolean> {
  const temporary = await written(path, bytes, mode);
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncDirectory(dirname(path));
  return true;
}

async function written(path: string, bytes: Uint8Array, mode: number): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(temporary, 'wx', mode);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } catch (error) {
    await removing(temporary)(error);
  } finally {
    await file.close();
  }
  return temporary;
}

/** A full disk is tried again and again: each try must not leave a file. */
function removing(temporary: string): (error: unknown) => Promise<never> {
  return async (error) => {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  };
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
