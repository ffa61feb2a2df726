import { createReadStream, existsSync } from 'node:fs';
import { createHash, createSign, type KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { fromHex } from '#crypto';
import type { HashAlgorithm } from '#libs/crypto';
import type { Context } from './context.js';
import { Failure, reasonOf } from './failure.js';

const DIGEST = /^sha256:([0-9a-fA-F]{64})$/;

/** `sha256:…` for an artifact that isn't at hand; a file of that name comes first. */
export function digestArgument(argument: string, context: Context): Uint8Array | undefined {
  const hex = DIGEST.exec(argument)?.[1];
  return hex === undefined || existsSync(resolve(context.io.cwd, argument)) ? undefined : fromHex(hex);
}

/** Hashes a file of any size as it streams. @throws Failure usage when it can't be read */
export async function hashFile(file: string, algorithm: HashAlgorithm, context: Context): Promise<Uint8Array> {
  const hash = createHash(algorithm);
  await eachChunk(file, context, (chunk) => hash.update(chunk));
  return new Uint8Array(hash.digest());
}

/** Hashes and signs (ECDSA, SHA-256) a file of any size in one reading. @throws Failure usage when it can't be read */
export async function signFile(
  file: string,
  key: KeyObject,
  context: Context,
): Promise<{ digest: Uint8Array; signature: Uint8Array }> {
  const hash = createHash('sha256');
  const sign = createSign('sha256');
  await eachChunk(file, context, (chunk) => {
    hash.update(chunk);
    sign.update(chunk);
  });
  return { digest: new Uint8Array(hash.digest()), signature: new Uint8Array(sign.sign(key)) };
}

async function eachChunk(file: string, context: Context, use: (chunk: Buffer) => void): Promise<void> {
  const { cwd, signal } = context.io;
  try {
    for await (const chunk of createReadStream(resolve(cwd, file), { signal })) use(chunk as Buffer);
  } catch (cause) {
    signal.throwIfAborted();
    throw unreadable(file, cause);
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
};

/** What to say about a file that the user named and we can't read. */
export function unreadable(file: string, cause: unknown): Failure {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const why = UNREADABLE[code] ?? reasonOf(cause);
  return new Failure('usage', `${file} can't be read: ${why}`, undefined, { cause });
}
