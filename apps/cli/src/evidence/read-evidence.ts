import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { EVIDENCE_MAX_BYTES } from '#libs/evidence';
import { unreadable } from '../artifact.js';
import type { Context } from '../context.js';

/** The bytes of an evidence file; of one that is too large, one more than the limit. @throws Failure usage when it can't be read */
export async function readEvidenceFile(path: string, context: Context): Promise<Uint8Array> {
  const { cwd } = context.io;
  try {
    const file = await open(resolve(cwd, path), 'r');
    try {
      // A length that is asked for is not to be believed: it may be a pipe, or grow.
      const bytes = new Uint8Array(EVIDENCE_MAX_BYTES + 1);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}
