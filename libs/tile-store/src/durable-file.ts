import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file that doesn't exist. With `sync` its bytes are on the disk when it resolves; its name is not yet. */
export async function writeNewFile(path: string, bytes: Uint8Array, sync: boolean): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(bytes);
    if (sync) await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a directory and those above it; the names of the new ones are durable when it resolves. */
export async function makeDirectories(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let child = directory; child.length >= first.length; child = dirname(child)) await syncDirectory(dirname(child));
}

/** The bytes of a file; undefined when there is none, `too-large` when it has more than `maxBytes`. */
export async function readFileUpTo(path: string, maxBytes: number): Promise<Uint8Array | 'too-large' | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    if (size > maxBytes) return 'too-large';
    const bytes = new Uint8Array(size);
    const { bytesRead } = await file.read(bytes, 0, size, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
