import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { fromHex, toHex } from '#crypto';
import type { NewEvent, Position, Revision, StoredEvent } from './event-store.js';
import type { Page } from './follow.js';
import { PAGE_BYTES, PAGE_EVENTS } from './limits.js';
import { formatPosition } from './position.js';

/** A stream as the database knows it; `head` is -1n when there are no events. */
export interface StreamRow {
  readonly id: bigint;
  readonly head: Revision;
}

interface EventRow {
  readonly position: bigint;
  readonly stream: string;
  readonly revision: bigint;
  readonly id: Uint8Array;
  readonly type: string;
  readonly data: Uint8Array;
  readonly meta: string | null;
  readonly recordedAt: bigint;
}

const EVENT = `
  SELECT position, stream.name AS stream, revision, event.id AS id, type, data, meta, recorded_at AS recordedAt
  FROM event JOIN stream ON stream.id = event.stream`;

/** The statements of the store: rows in, events out, nothing decided. Each call is over when it returns. */
export class SqliteEvents {
  readonly #stream: StatementSync;
  readonly #addStream: StatementSync;
  readonly #add: StatementSync;
  readonly #at: StatementSync;
  readonly #last: StatementSync;
  readonly #forwards: StatementSync;
  readonly #backwards: StatementSync;
  readonly #all: StatementSync;
  readonly #lastPosition: StatementSync;
  readonly #truncate: StatementSync;

  constructor(database: DatabaseSync) {
    const prepare = (sql: string): StatementSync => {
      const statement = database.prepare(sql);
      statement.setReadBigInts(true);
      return statement;
    };
    this.#stream = prepare(
      'SELECT id, coalesce((SELECT max(revision) FROM event WHERE stream = stream.id), -1) AS head FROM stream WHERE name = ?',
    );
    this.#addStream = prepare('INSERT INTO stream (name) VALUES (?)');
    this.#add = prepare(
      'INSERT INTO event (stream, revision, id, type, data, meta, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#at = prepare('SELECT position, id FROM event WHERE stream = ? AND revision = ?');
    this.#last = prepare(`${EVENT} WHERE stream.name = ? ORDER BY revision DESC LIMIT 1`);
    this.#forwards = prepare(`${EVENT} WHERE event.stream = ? AND revision BETWEEN ? AND ? ORDER BY revision LIMIT ?`);
    this.#backwards = prepare(
      `${EVENT} WHERE event.stream = ? AND revision BETWEEN ? AND ? ORDER BY revision DESC LIMIT ?`,
    );
    this.#all = prepare(`${EVENT} WHERE position > ? AND position <= ? ORDER BY position LIMIT ?`);
    this.#lastPosition = prepare('SELECT coalesce(max(position), 0) AS position FROM event');
    this.#truncate = prepare(
      'DELETE FROM event WHERE position IN (SELECT position FROM event WHERE stream = ? AND revision < ? LIMIT ?)',
    );
  }

  stream(name: string): StreamRow | undefined {
    return this.#stream.get(name) as StreamRow | undefined;
  }

  addStream(name: string): StreamRow {
    return { id: BigInt(this.#addStream.run(name).lastInsertRowid), head: -1n };
  }

  /** Returns the position of the last one. */
  add(stream: bigint, first: Revision, events: readonly NewEvent[], recordedAt: Date): Position {
    let revision = first;
    let position = 0n;
    for (const { id, type, data, meta } of events) {
      const metaText = meta === undefined ? null : JSON.stringify(meta);
      const added = this.#add.run(stream, revision, packId(id), type, data, metaText, recordedAt.getTime());
      position = BigInt(added.lastInsertRowid);
      revision++;
    }
    return formatPosition(position);
  }

  at(stream: bigint, revision: Revision): { readonly id: string; readonly position: Position } | undefined {
    const row = this.#at.get(stream, revision) as Pick<EventRow, 'id' | 'position'> | undefined;
    return row && { id: unpackId(row.id), position: formatPosition(row.position) };
  }

  last(name: string): StoredEvent | undefined {
    const row = this.#last.get(name) as EventRow | undefined;
    return row && toEvent(row);
  }

  /** Revisions `low` to `high`, both inclusive. */
  page(stream: bigint, low: Revision, high: Revision, direction: 'forwards' | 'backwards', limit: number): Page {
    const statement = direction === 'forwards' ? this.#forwards : this.#backwards;
    return takePage(statement.iterate(stream, low, high, Math.min(limit, PAGE_EVENTS + 1)));
  }

  pageOfAll(after: bigint, upTo: bigint): Page {
    return takePage(this.#all.iterate(after, upTo, PAGE_EVENTS + 1));
  }

  lastPosition(): bigint {
    return (this.#lastPosition.get() as Pick<EventRow, 'position'>).position;
  }

  /** Removes at most `limit` events of those before a revision, and returns how many it removed. */
  truncate(stream: bigint, before: Revision, limit: number): number {
    return Number(this.#truncate.run(stream, before, limit).changes);
  }
}

/** Stops at the size of a page; leaving the loop resets the statement, so that no read holds up a WAL checkpoint. */
function takePage(rows: Iterable<unknown>): Page {
  const events: StoredEvent[] = [];
  let bytes = 0;
  for (const row of rows as Iterable<EventRow>) {
    if (events.length === PAGE_EVENTS || bytes >= PAGE_BYTES) return { events, more: true };
    events.push(toEvent(row));
    bytes += row.data.length;
  }
  return { events, more: false };
}

function toEvent({ position, stream, revision, id, type, data, meta, recordedAt }: EventRow): StoredEvent {
  return {
    stream,
    revision,
    position: formatPosition(position),
    id: unpackId(id),
    type,
    data,
    ...(meta !== null && { meta: JSON.parse(meta) as Record<string, string> }),
    recordedAt: new Date(Number(recordedAt)),
  };
}

function packId(id: string): Uint8Array {
  return fromHex(id.replaceAll('-', ''));
}

function unpackId(bytes: Uint8Array): string {
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
