import { mkdir, open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EventStoreError } from './event-store-error.js';

/** "TSes", so that `file` and a mistaken path can tell an event store from another database. */
const APPLICATION_ID = 0x54536573;
const FORMAT_VERSION = 1;

const SCHEMA = `
  CREATE TABLE stream (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE event (
    position INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    id BLOB NOT NULL,
    type TEXT NOT NULL,
    data BLOB NOT NULL,
    meta TEXT,
    recorded_at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX event_by_revision ON event (stream, revision);
`;

/** Each with the value that reading it gives. Some can't be had everywhere, and SQLite does not complain. */
const SETTINGS = [
  ['page_size', 16384], // holds of a new file only; large rows, few of them
  ['journal_mode', 'wal'],
  ['synchronous', 2], // FULL: fsync of the WAL at every commit
  ['fullfsync', 1], // macOS: an fsync that reaches the disk
  ['checkpoint_fullfsync', 1],
  ['wal_autocheckpoint', 0], // the store does it between commits
  ['cell_size_check', 1], // see a corrupt page when it is read
] as const;

const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/**
 * Opens or makes the database, and holds its lock (by `fcntl`, so it ends with the process, however it ends) until it is
 * closed. The lock is lost when this process closes the file by another descriptor: nothing else here may open it, not
 * to copy it either. File systems whose locks do nothing, as some NFS, are no place for it.
 * @throws EventStoreError store-locked, wrong-format, unavailable
 */
export async function openDatabase(path: string): Promise<DatabaseSync> {
  const absolute = resolve(path);
  let database: DatabaseSync | undefined;
  try {
    await makeDirectory(dirname(absolute));
    database = new DatabaseSync(absolute, { timeout: 0 });
    setUp(database, absolute);
    await syncDirectory(dirname(absolute));
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof EventStoreError) throw cause;
    switch (sqliteCode(cause)) {
      case SQLITE_BUSY:
        throw new EventStoreError('store-locked', `${absolute} is open elsewhere: a store has one process`, { cause });
      case SQLITE_NOTADB:
        throw new EventStoreError('wrong-format', `${absolute} is not a database`, { cause });
      default:
        throw new EventStoreError('unavailable', `cannot open ${absolute}: ${(cause as Error).message}`, { cause });
    }
  }
}

function setUp(database: DatabaseSync, path: string): void {
  // Before anything touches the file: in this mode the WAL index is on the heap, and the lock is kept after the first use.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  const isNew = Number(only(database, 'SELECT count(*) FROM sqlite_schema')) === 0;
  const application = Number(only(database, 'PRAGMA application_id'));
  const version = Number(only(database, 'PRAGMA user_version'));
  if (!isNew && (application !== APPLICATION_ID || version !== FORMAT_VERSION)) {
    throw new EventStoreError(
      'wrong-format',
      `${path} has application id ${application} and version ${version}, it should have ${APPLICATION_ID} and ${FORMAT_VERSION}`,
    );
  }
  for (const [name, value] of SETTINGS) {
    database.exec(`PRAGMA ${name} = ${value}`);
    const actual = only(database, `PRAGMA ${name}`);
    if (actual !== value)
      throw new EventStoreError('unavailable', `${path} has ${name} ${actual}, it should be ${value}`);
  }
  database.exec('BEGIN IMMEDIATE');
  if (isNew) {
    database.exec(SCHEMA);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT_VERSION}`);
  }
  database.exec('COMMIT');
}

function only(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}

/** Whether SQLite could not write for want of room. It is not one of the errors after which a commit is in doubt. */
export function isFull(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_FULL;
}

function sqliteCode(error: unknown): number {
  // The low byte; the others tell variants apart.
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff;
}

/** The directory, with every name on the way to it durable in its parent. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 }); // what is in the events is nobody else's to read
  if (first === undefined) return;
  for (let child = directory; child.length >= first.length; child = dirname(child)) await syncDirectory(dirname(child));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
