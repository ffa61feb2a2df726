import { randomUUID } from 'node:crypto';
import { link, lstat, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { equalBytes } from '#libs/crypto';
import { accusedId, evidenceFileName, formatEvidence, verifyEvidence, type Evidence } from '#libs/evidence';
import { unwritable } from './bundle-file.js';
import type { Context } from './context.js';
import { Failure } from './failure.js';
import { plain } from './lines.js';

/** Evidence that was written, and what it says. */
export interface WrittenEvidence {
  /** Undefined when it could not be written anywhere: it is proven all the same, and that must be said. */
  readonly path: string | undefined;
  /** Why not. */
  readonly problem?: string;
  readonly summary: string;
  readonly evidence: Evidence;
}

/** For people: one line. */
export function evidenceLine({ path, problem, summary }: WrittenEvidence): string {
  return path === undefined ? `${plain(summary)}; not kept: ${problem}` : `${path}: ${plain(summary)}`;
}

/** The same for programs. */
export function evidenceJson({ path: file, problem, summary }: WrittenEvidence): object {
  return { file, problem, summary };
}

/** Names of files that begin with the accused key: there may be older ones of it, and files of others. */
const NAMES_MAX = 1_000;

/**
 * Writes `<start of accusedId>.evidence` into the working directory (or that for temporary files), whole or not at all, and
 * never over another file. What does not hold is not written. @throws EvidenceError
 */
export async function writeEvidence(evidence: Evidence, context: Context): Promise<WrittenEvidence> {
  const { summary } = verifyEvidence(evidence);
  const bytes = formatEvidence(evidence);
  const id = accusedId(evidence.accused);
  let problem: string | undefined;
  // Proof must not be lost for a folder that can't be written to.
  for (const folder of ['', context.io.env.TMPDIR || tmpdir()]) {
    try {
      const path = await writeInto(folder, id, bytes, context);
      if (path !== undefined) return { path, summary, evidence };
      problem ??= `there are ${NAMES_MAX} files ${evidenceFileName(id)} already`;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problem ??= error.message;
    }
  }
  return { path: undefined, summary, evidence, ...(problem !== undefined && { problem }) };
}

/** Under the first name that is free; undefined when none is. @throws Failure usage */
async function writeInto(folder: string, id: string, bytes: Uint8Array, context: Context): Promise<string | undefined> {
  for (let i = 1; i <= NAMES_MAX; i++) {
    const path = await writeNew(join(folder, evidenceFileName(id, i)), bytes, context);
    if (path !== undefined) return path;
  }
  return undefined;
}

/** Undefined when there is another file of that name; the same bytes again are as good as written. */
async function writeNew(path: string, bytes: Uint8Array, { io }: Context): Promise<string | undefined> {
  const absolute = resolve(io.cwd, path);
  const temporary = `${absolute}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, absolute); // fails where rename would replace
    return path;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritable(path, cause);
    return (await hasBytes(absolute, bytes)) ? path : undefined;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Whoever shares the folder may have put anything there under that name: a pipe, a link to a device. */
async function hasBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    const found = await lstat(path);
    return found.isFile() && found.size === bytes.length && equalBytes(await readFile(path), bytes);
  } catch {
    return false; // the next name, then
  }
}
