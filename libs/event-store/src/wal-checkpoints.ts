import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** 4 MiB of pages. Copying them takes some milliseconds, in which no append is answered. */
const WAL_PAGES = 256;

/** Keeps the write-ahead log short: its pages are copied into the database between two commits, some at a time. */
export class WalCheckpoints {
  readonly #length: StatementSync;
  readonly #checkpoint: StatementSync;

  constructor(database: DatabaseSync) {
    this.#length = database.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.#checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  }

  maintain(): void {
    const { log } = this.#length.get() as { readonly log: number };
    if (log >= WAL_PAGES) this.#checkpoint.get();
  }
}
