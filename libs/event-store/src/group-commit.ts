import { setImmediate } from 'node:timers/promises';
import { EventStoreError } from './event-store-error.js';

/** One change, decided and written inside a transaction that it shares with others. */
export interface Work<T> {
  readonly events: number;
  readonly bytes: number;
  /** Throws an EventStoreError only before it has written anything; every other error is one of the store's. */
  run(): T;
}

/** What a group is written with. All of it is synchronous: nothing else happens in the process meanwhile. */
export interface Transactions {
  begin(): void;
  /** Returns when the transaction is durable. */
  commit(): void;
  rollback(): void;
  /** Whether this error says that the disk is full: nothing of the transaction was committed, and it can be rolled back. */
  isFull(error: unknown): boolean;
  /** What has to be done now and then, between two transactions. */
  maintain(): void;
}

export const GROUP_EVENTS = 1024;
export const GROUP_BYTES = 8 * 1024 * 1024;
/** What may wait. A writer that is faster than the disk is told, before the memory is full. */
const QUEUE_LENGTH = 65_536;
const QUEUE_BYTES = 64 * 1024 * 1024;

interface Queued {
  readonly work: Work<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: EventStoreError) => void;
}

/**
 * One commit, and so one fsync, for all the changes that wait. Each of them succeeds or fails by itself, and is
 * answered after the commit. A failed commit is never tried again: after a failed fsync the kernel may have dropped
 * the pages and report success the next time.
 */
export class GroupCommit {
  readonly #transactions: Transactions;
  readonly #onPoison: () => void;
  #queue: Queued[] = [];
  #queuedBytes = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(transactions: Transactions, onPoison: () => void) {
    this.#transactions = transactions;
    this.#onPoison = onPoison;
  }

  submit<T>(work: Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.checkSound();
      if (this.#queue.length >= QUEUE_LENGTH || this.#queuedBytes + work.bytes > QUEUE_BYTES) {
        throw new EventStoreError(
          'unavailable',
          `${this.#queue.length} changes wait for the event store, it takes no more`,
        );
      }
      this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
      this.#queuedBytes += work.bytes;
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits. */
  async drain(): Promise<void> {
    await this.#running;
  }

  /** From here on nothing is written. Everything that waits is rejected. */
  poison(cause: unknown): EventStoreError {
    this.#failure ??= { cause };
    const error = this.#poisoned('nothing more is written');
    for (const { reject } of this.#queue) reject(error);
    this.#queue = [];
    this.#onPoison();
    return error;
  }

  /** @throws EventStoreError store-poisoned */
  checkSound(): void {
    if (this.#failure) throw this.#poisoned('nothing more is written');
  }

  async #run(): Promise<void> {
    do {
      // Whatever is appended in this turn of the loop shares the transaction, and between two of them others have a turn.
      await setImmediate();
      this.#commitGroup(this.#takeGroup());
      await setImmediate(); // those who were answered go first
      this.#maintain();
    } while (this.#queue.length > 0);
    this.#running = undefined;
  }

  #takeGroup(): Queued[] {
    let events = 0;
    let bytes = 0;
    let length = 0;
    for (const { work } of this.#queue) {
      events += work.events;
      bytes += work.bytes;
      if (length > 0 && (events > GROUP_EVENTS || bytes > GROUP_BYTES)) break;
      length++;
      this.#queuedBytes -= work.bytes;
    }
    return this.#queue.splice(0, length);
  }

  #commitGroup(group: readonly Queued[]): void {
    const answers: (() => void)[] = [];
    try {
      this.#transactions.begin();
      for (const queued of group) answers.push(attempt(queued));
      this.#transactions.commit();
    } catch (cause) {
      if (this.#rolledBack(cause)) {
        const full = new EventStoreError('no-space', 'the disk of the event store is full, nothing was written', {
          cause,
        });
        for (const { reject } of group) reject(full);
        return;
      }
      // The transaction stays open, unread, until the database is closed, which rolls it back.
      this.poison(cause);
      const error = this.#poisoned('whether these events are durable is unknown until it is opened again');
      for (const { reject } of group) reject(error);
      return;
    }
    for (const answer of answers) answer();
  }

  /** After a full disk the store is what it was before the transaction. */
  #rolledBack(cause: unknown): boolean {
    if (!this.#transactions.isFull(cause)) return false;
    try {
      this.#transactions.rollback();
      return true;
    } catch {
      return false;
    }
  }

  #maintain(): void {
    if (this.#failure) return;
    try {
      this.#transactions.maintain();
    } catch (cause) {
      // The pages that could not be copied stay in the write-ahead log, and are copied when there is room.
      if (!this.#transactions.isFull(cause)) this.poison(cause);
    }
  }

  #poisoned(consequence: string): EventStoreError {
    const cause = this.#failure?.cause;
    return new EventStoreError('store-poisoned', `the event store failed (${String(cause)}): ${consequence}`, {
      cause,
    });
  }
}

/** Runs one piece of work, and returns how to answer it after the commit. */
function attempt({ work, resolve, reject }: Queued): () => void {
  try {
    const value = work.run();
    return () => resolve(value);
  } catch (error) {
    if (error instanceof EventStoreError) return () => reject(error);
    throw error;
  }
}
