import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { equalBytes } from '#libs/crypto';
import { accusedId, formatEvidence, verifyEvidence, type Evidence } from '#libs/evidence';
import { unwritable } from './bundle-file.js';
import type { Context } from './context.js';
import { Failure } from './failure.js';

/** Evidence that was written, and what it says. */
export interface WrittenEvidence {
  readonly path: string;
  readonly summary: string;
  readonly evidence: Evidence;
}

/** Names of files that begin with the accused key: there may be older ones of it, and files of others. */
const NAMES_MAX = 1_000;

/**
 * Writes `<start of accusedId>.evidence` into the working directory (or that for temporary files), whole or not at all, and never over another file. What
 * does not hold is not written. @throws EvidenceError, Failure usage when it can't be written
 */
export async function writeEvidence(evidence: Evidence, context: Context): Promise<WrittenEvidence> {
  const { summary } = verifyEvidence(evidence);
  const bytes = formatEvidence(evidence);
  const stem = accusedId(evidence.accused).slice(0, 16);
  for (let i = 1; ; i++) {
    const name = i === 1 ? `${stem}.evidence` : `${stem}-${i}.evidence`;
    const path = await writeNew(name, bytes, context).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      // Proof must not be lost for a folder that can't be written to.
      return writeNew(join(tmpdir(), name), bytes, context);
    });
    if (path !== undefined || i === NAMES_MAX) return { path: path ?? name, summary, evidence };
  }
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
    return equalBytes(await readFile(absolute), bytes) ? path : undefined;
  } finally {
    await rm(temporary, { force: true });
  }
}
