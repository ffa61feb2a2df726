import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { utf8Encode } from '#libs/crypto';
import { replaceFile } from '#libs/tile-store';
import { readIfThere } from './read-if-there.js';
import { StackError } from './stack-error.js';

/** Every home of a stack has this file. */
export const LOCK_FILE = 'stack.lock';

export interface Lock {
  release(): void;
}

/**
 * Makes sure that one stack only runs on a home: two would sign two histories with the same keys. The lock is SQLite's,
 * thus the operating system's: it is gone with the process, however that ends.
 * @throws StackError when another process holds it
 */
export async function lockHome(home: string): Promise<Lock> {
  const holderPath = join(home, 'stack.pid');
  const database = new DatabaseSync(join(home, LOCK_FILE));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT');
  } catch (cause) {
    database.close();
    if (!/database is locked/.test(String(cause))) throw cause;
    const pid = (await readIfThere(holderPath))?.trim() ?? 'unknown';
    throw new StackError(
      `another stack (process ${pid}) runs on ${home}: stop it, or set TALLY_HOME to another folder`,
      {
        cause,
      },
    );
  }
  await replaceFile(holderPath, utf8Encode(`${process.pid}\n`));
  return { release: () => database.close() };
}
