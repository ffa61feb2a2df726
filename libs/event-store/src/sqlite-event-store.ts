import type { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { AppendBell } from './append-bell.js';
import { checkAppend, checkRevision, checkStreamName, checkTruncation, decideAppend } from './append-rule.js';
import {
  EventStore,
  type Appended,
  type Expected,
  type NewEvent,
  type ReadAllOptions,
  type ReadStreamOptions,
  type Revision,
  type StoredEvent,
  type SubscribeOptions,
} from './event-store.js';
import { EventStoreError } from './event-store-error.js';
import { follow } from './follow.js';
import { GroupCommit } from './group-commit.js';
import { EMBEDDED_LIMITS } from './limits.js';
import { parsePosition } from './position.js';
import { isFull, openDatabase } from './sqlite-database.js';
import { SqliteEvents } from './sqlite-events.js';
import { WalCheckpoints } from './wal-checkpoints.js';

/** How many events one transaction of a truncation removes. */
const TRUNCATE_EVENTS = 1024;

/**
 * The embedded store: one file (and its WAL beside it), one process. SQLite runs on the main thread: a commit blocks the
 * loop for as long as an fsync takes, and is shared by all appends that came up to then.
 */
export class SqliteEventStore extends EventStore {
  readonly limits = EMBEDDED_LIMITS;
  readonly #database: DatabaseSync;
  readonly #events: SqliteEvents;
  readonly #commits: GroupCommit;
  readonly #bell = new AppendBell();
  #closing: Promise<void> | undefined;

  /** @throws EventStoreError store-locked, wrong-format, unavailable */
  static async open({ path }: { readonly path: string }): Promise<SqliteEventStore> {
    return new SqliteEventStore(await openDatabase(path));
  }

  private constructor(database: DatabaseSync) {
    super();
    this.#database = database;
    this.#events = new SqliteEvents(database);
    const begin = database.prepare('BEGIN IMMEDIATE');
    const commit = database.prepare('COMMIT');
    const checkpoints = new WalCheckpoints(database);
    this.#commits = new GroupCommit(
      {
        begin: () => begin.run(),
        commit: () => commit.run(),
        // SQLite may have rolled it back itself.
        rollback: () => {
          if (database.isTransaction) database.exec('ROLLBACK');
        },
        isFull,
        maintain: () => checkpoints.maintain(),
      },
      () => this.#bell.ringAll(),
    );
  }

  async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    this.#checkOpen();
    const { bytes } = checkAppend(stream, expected, events, this.limits);
    const appended = await this.#commits.submit({
      events: events.length,
      bytes,
      run: () => this.#appendNow(stream, expected, events),
    });
    this.#bell.ring(stream);
    return appended;
  }

  async head(stream: string): Promise<Expected> {
    checkStreamName(stream);
    const head = this.#read(() => this.#events.stream(stream)?.head ?? -1n);
    return head === -1n ? 'no_stream' : head;
  }

  async last(stream: string): Promise<StoredEvent | undefined> {
    checkStreamName(stream);
    return this.#read(() => this.#events.last(stream));
  }

  async *readStream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    checkStreamName(stream);
    if (options.from !== undefined) checkRevision(options.from);
    const { from, direction = 'forwards', limit = Infinity } = options;
    const found = this.#read(() => this.#events.stream(stream));
    if (found === undefined) return;
    let low = direction === 'forwards' ? (from ?? 0n) : 0n;
    let high = direction === 'backwards' && from !== undefined && from < found.head ? from : found.head;
    for (let left = limit; left > 0;) {
      const { events, more } = this.#read(() => this.#events.page(found.id, low, high, direction, left));
      yield* events;
      const last = events.at(-1);
      if (!more || last === undefined) return;
      left -= events.length;
      if (direction === 'forwards') low = last.revision + 1n;
      else high = last.revision - 1n;
      await setImmediate(); // a page is read in one go: let others have the loop
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const { streamPrefix = '', limit = Infinity } = options;
    let after = options.after === undefined ? 0n : parsePosition(options.after);
    const upTo = this.#read(() => this.#events.lastPosition());
    for (let left = limit; left > 0;) {
      const { events, more } = this.#read(() => this.#events.pageOfAll(after, upTo));
      // Not in SQL: a prefix that nothing has would scan the whole store in one step.
      const wanted = events.filter((event) => event.stream.startsWith(streamPrefix)).slice(0, left);
      yield* wanted;
      const last = events.at(-1);
      if (!more || last === undefined) return;
      left -= wanted.length;
      after = parsePosition(last.position);
      await setImmediate();
    }
  }

  subscribe(stream: string, options: SubscribeOptions): AsyncGenerator<StoredEvent | 'caught-up', void, undefined> {
    return follow(stream, options, this.#bell, (from) =>
      this.#read(() => {
        const found = this.#events.stream(stream);
        if (found === undefined) return { events: [], more: false };
        return this.#events.page(found.id, from, found.head, 'forwards', Infinity);
      }),
    );
  }

  async truncateBefore(stream: string, revision: Revision): Promise<void> {
    checkTruncation(stream, revision);
    let removed: number;
    do {
      this.#checkOpen();
      removed = await this.#commits.submit({
        events: TRUNCATE_EVENTS,
        bytes: 0,
        run: () => this.#truncateNow(stream, revision),
      });
    } while (removed === TRUNCATE_EVENTS);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#bell.ringAll();
    await this.#commits.drain();
    this.#database.close();
  }

  #appendNow(stream: string, expected: Expected, events: readonly NewEvent[]): Appended {
    const found = this.#events.stream(stream);
    const first = expected === 'no_stream' ? 0n : expected + 1n;
    const last = first + BigInt(events.length) - 1n;
    const at = (revision: Revision) => found && this.#events.at(found.id, revision);
    const decision = decideAppend(stream, expected, events, found?.head ?? -1n, (revision) => at(revision)?.id);
    const retried = decision === 'retry' ? at(last) : undefined;
    if (retried) return { first, last, position: retried.position };
    const { id } = found ?? this.#events.addStream(stream);
    return { first, last, position: this.#events.add(id, first, events, new Date()) };
  }

  #truncateNow(stream: string, revision: Revision): number {
    const found = this.#events.stream(stream);
    if (found === undefined) return 0;
    // The head of a stream is its last event, which therefore stays.
    return this.#events.truncate(found.id, revision < found.head ? revision : found.head, TRUNCATE_EVENTS);
  }

  /** A store that can't read what it has written must not be written to either. */
  #read<T>(read: () => T): T {
    this.#checkOpen();
    try {
      return read();
    } catch (cause) {
      throw this.#commits.poison(cause);
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new EventStoreError('unavailable', 'the event store is closed');
    this.#commits.checkSound();
  }
}
