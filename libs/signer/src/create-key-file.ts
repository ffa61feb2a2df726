import { randomUUID } from 'node:crypto';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SignerError } from './signer-error.js';

/**
 * Writes a key file, mode 0600, that is complete and survives a power cut when this resolves. A file that is there
 * already stays as it is. `path` is absolute.
 * @throws SignerError unwritable-key-file
 */
export async function createKeyFile(path: string, text: string): Promise<void> {
  const directory = dirname(path);
  const temporary = `${path}.${randomUUID()}.new`;
  try {
    await makeDirectory(directory);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      // Unlike rename, link never replaces: two processes that start at once go on with one key.
      await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      });
    } finally {
      await unlink(temporary).catch(() => undefined); // not there when it could not be made
    }
    await syncDirectory(directory);
  } catch (cause) {
    throw new SignerError('unwritable-key-file', `cannot make the key file ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // The name of a new directory is in its parent.
  for (let child = directory; child.length >= first.length; child = dirname(child)) await syncDirectory(dirname(child));
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
