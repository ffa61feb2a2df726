import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/** Absolute path of a folder of public test vectors, or undefined (and a line on stderr) where they are not at hand. */
export function vectors(folder: string): string | undefined {
  const path = resolve(process.env.TALLY_SHARED ?? '../shared', 'vectors', folder);
  if (existsSync(path)) return path;
  process.stderr.write(`no test vectors at ${path}: the tests that read them are skipped\n`);
  return undefined;
}
