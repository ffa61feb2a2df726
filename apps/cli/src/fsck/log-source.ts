import { existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fetchLogFile } from '#libs/client';
import { originHash, type FetchFile } from '#libs/tlog';
import type { Context } from '../context.js';
import { Failure } from '../failure.js';
import { isUrl } from '../trust-config.js';

/** Room for sixteen post-quantum cosignatures of 5 kB. */
const CHECKPOINT_MAX_BYTES = 128 * 1024;

/** Where the files of a log are read from, as tlog-tiles lays them out. */
export interface LogSource {
  /** As it was named: a URL, or a folder. */
  readonly address: string;
  readonly fetch: FetchFile;
}

/**
 * A log and its newest checkpoint, a signed note. Where there is none, it is what lies there under the hash of an origin: a
 * mirror keeps each log so.
 * @throws Failure usage; not-verified when there is no checkpoint; ServiceError
 */
export async function openLogFiles(
  address: string,
  origins: readonly string[],
  context: Context,
): Promise<{ readonly source: LogSource; readonly note: Uint8Array }> {
  const first = await openSource(address, context);
  const found = await first.fetch('checkpoint', CHECKPOINT_MAX_BYTES);
  if (typeof found !== 'string') return { source: first, note: found };
  for (const origin of found === 'missing' ? origins : []) {
    const below = `${address.replace(/\/+$/, '')}/${originHash(origin)}`;
    if (!isUrl(below) && !existsSync(resolve(context.io.cwd, below))) continue;
    const source = await openSource(below, context);
    const note = await source.fetch('checkpoint', CHECKPOINT_MAX_BYTES);
    if (typeof note !== 'string') return { source, note };
  }
  throw new Failure(
    'not-verified',
    found === 'missing' ? `${address} has no checkpoint` : `the checkpoint of ${address} is too large to be one`,
    found === 'missing' ? 'is that a log? its checkpoint and its folder tile should be right there' : undefined,
  );
}

/** @throws Failure usage when it is neither a URL nor a folder */
async function openSource(address: string, { io }: Context): Promise<LogSource> {
  if (isUrl(address)) {
    const fetch: FetchFile = (path, maxBytes, signal) =>
      fetchLogFile(address, path, maxBytes, {
        signal: signal === undefined ? io.signal : AbortSignal.any([io.signal, signal]),
      });
    return { address, fetch };
  }
  const folder = resolve(io.cwd, address);
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new Failure('usage', `${address} is neither a URL nor a folder`, 'give the address of a log, or its files');
  }
  const fetch: FetchFile = (path, maxBytes, signal) => {
    io.signal.throwIfAborted();
    signal?.throwIfAborted();
    return readLogFile(join(folder, path), maxBytes);
  };
  return { address, fetch };
}

async function readLogFile(path: string, maxBytes: number): Promise<Uint8Array | 'missing' | 'too-large'> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > maxBytes) return 'too-large';
      const bytes = new Uint8Array(size);
      const { bytesRead } = await file.read(bytes, 0, size, 0);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing';
    throw new Failure('unavailable', `${path} can't be read: ${message}`, undefined, { cause });
  }
}
