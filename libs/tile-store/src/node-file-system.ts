import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { FileSystem } from './file-system.js';

/** The file system of the machine. */
class NodeFileSystem extends FileSystem {
  async write(path: string, bytes: Uint8Array, options: { sync: boolean; mode: number }): Promise<void> {
    const file = await open(path, 'w', options.mode);
    try {
      await file.writeFile(bytes);
      if (options.sync) await file.sync();
    } finally {
      await file.close();
    }
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | 'too-large' | undefined> {
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

  rename(from: string, to: string): Promise<void> {
    return rename(from, to);
  }

  link(from: string, to: string): Promise<void> {
    return link(from, to);
  }

  remove(path: string): Promise<void> {
    return rm(path, { recursive: true, force: true });
  }

  makeDirectory(path: string): Promise<string | undefined> {
    return mkdir(path, { recursive: true });
  }

  async syncDirectory(path: string): Promise<void> {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

export const nodeFileSystem: FileSystem = new NodeFileSystem();
