import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { formatBundle, parseBundle, VerificationError, type Bundle } from '#libs/verify';
import { unreadable } from './artifact.js';
import { note, type Context } from './context.js';
import { Failure, reasonOf } from './failure.js';

/** Attestations carry SBOMs of some size. */
const MAX_BYTES = 128 * 1024 * 1024;

const SUFFIX = '.sigstore.json';

export function bundlePathOf(file: string): string {
  return `${file}${SUFFIX}`;
}

/** @throws Failure nothing-to-verify when there is none, VerificationError when it is malformed */
export async function readBundle(path: string, context: Context): Promise<Bundle> {
  return (await readBundleFile(path, context)).bundle;
}

/** The same with its bytes. */
export async function readBundleFile(
  path: string,
  context: Context,
): Promise<{ readonly bundle: Bundle; readonly bytes: Uint8Array }> {
  const absolute = resolve(context.io.cwd, path);
  if (!existsSync(absolute)) {
    throw new Failure(
      'nothing-to-verify',
      `there is no bundle ${path}`,
      path.endsWith(SUFFIX + SUFFIX)
        ? `that is a bundle itself: name the file that it is for, ${path.slice(0, -2 * SUFFIX.length)}`
        : 'give another one with --bundle, or make it with tally sign',
    );
  }
  try {
    const { size } = await stat(absolute);
    if (size > MAX_BYTES) throw new Failure('usage', `${path} has ${size} bytes, no bundle has more than ${MAX_BYTES}`);
    const bytes = await readFile(absolute);
    return { bundle: parseBundle(bytes), bytes };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall !== undefined) throw unreadable(path, cause);
    if (cause instanceof VerificationError) {
      throw new VerificationError(cause.code, `${path} is not a bundle: ${cause.message}`, { cause });
    }
    throw cause;
  }
}

export async function writeBundle(path: string, bundle: Bundle, context: Context): Promise<void> {
  const replaces = existsSync(resolve(context.io.cwd, path));
  await writeBundleText(path, formatBundle(bundle), context);
  if (replaces) note(context, `replaced ${path}`);
}

/**
 * Whole or not at all: a file of another name is written, made durable and renamed. A file that is there keeps its mode,
 * and a symbolic link to it stays one. @throws Failure usage when it can't be written
 */
export async function writeBundleText(path: string, text: string, context: Context): Promise<void> {
  let absolute = resolve(context.io.cwd, path);
  let temporary: string | undefined;
  try {
    let mode = 0o644;
    if (existsSync(absolute)) {
      absolute = await realpath(absolute);
      mode = (await stat(absolute)).mode & 0o777;
    }
    temporary = `${absolute}.${randomUUID()}.tmp`;
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, absolute);
    await syncFolder(dirname(absolute));
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined);
    throw unwritable(path, cause);
  }
}

/** A rename is durable once its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const UNWRITABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'there is no such folder',
  EACCES: 'you may not write there',
  EROFS: 'nobody may write there',
};

/** What to say about a bundle that can't be put where the user wants it. */
export function unwritable(path: string, cause: unknown): Failure {
  const { code = '' } = cause as NodeJS.ErrnoException;
  const why = UNWRITABLE[code] ?? reasonOf(cause);
  return new Failure('usage', `${path} can't be written: ${why}`, undefined, { cause });
}
