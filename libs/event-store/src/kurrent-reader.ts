import type { KurrentDBClient } from '@kurrent/kurrentdb-client';
import type { Expected, Position, Revision, StoredEvent } from './event-store.js';
import { EventStoreError } from './event-store-error.js';
import { answerOf } from './kurrent-answers.js';
import { NoAnswer, type KurrentConnection } from './kurrent-connection.js';
import { formatLogPosition, parseLogPosition, toStoredEvent, type Resolved } from './kurrent-events.js';
import { PAGE_BYTES } from './limits.js';

const FIRST_PAGE = 4;
const LONGEST_PAGE = 512;

type Direction = 'forwards' | 'backwards';

/**
 * Reads in pages. Each of them is read to its end before anybody sees it: the client can't give up a read that is under
 * way, and the server allows a connection only so many. All of them ask the leader: a follower may not have heard yet.
 */
export class KurrentReader {
  constructor(
    private readonly connection: KurrentConnection,
    private readonly timeoutMs: number,
  ) {}

  /** The last event as the client has it; also of the streams that belong to the server. */
  async lastResolved(stream: string): Promise<Resolved | undefined> {
    const options = { direction: 'backwards', fromRevision: 'end', maxCount: 1, requiresLeader: true } as const;
    return (await this.#read(stream, (client) => client.readStream(stream, options)))[0];
  }

  async last(stream: string): Promise<StoredEvent | undefined> {
    const resolved = await this.lastResolved(stream);
    return resolved && toStoredEvent(resolved);
  }

  async head(stream: string): Promise<Expected> {
    return (await this.lastResolved(stream))?.event?.revision ?? 'no_stream';
  }

  /** Revisions `from` to `to`, both inclusive, from the one to the other. */
  async *stream(
    stream: string,
    from: Revision,
    to: Revision,
    direction: Direction,
    limit: number,
  ): AsyncGenerator<StoredEvent, void, undefined> {
    const [step, size] = [direction === 'forwards' ? 1n : -1n, new PageSize()];
    let next = from;
    for (let left = limit; left > 0 && (to - next) * step >= 0n;) {
      const maxCount = Math.min(size.events, left, Number((to - next) * step) + 1);
      const options = { direction, fromRevision: next, maxCount, requiresLeader: true };
      const events = await this.#page(stream, (client) => client.readStream(stream, options));
      size.observe(events);
      yield* events;
      left -= events.length;
      const last = events.at(-1);
      if (last === undefined || events.length < maxCount) return;
      next = last.revision + step;
    }
  }

  /** All streams but those of the server. */
  async *all(after: Position | undefined, prefix: string, limit: number): AsyncGenerator<StoredEvent, void, undefined> {
    const newest = { direction: 'backwards', fromPosition: 'end', maxCount: 1, requiresLeader: true } as const;
    let fromPosition = after === undefined ? ('start' as const) : parseLogPosition(after);
    const [last] = await this.#read('$all', (client) => client.readAll(newest));
    if (last?.event?.position === undefined) return;
    const upTo = formatLogPosition(last.event.position);
    const { streamNameFilter } = this.connection.library;
    const filter = prefix === '' ? streamNameFilter({ regex: '^[^$]' }) : streamNameFilter({ prefixes: [prefix] });
    const size = new PageSize();
    for (let left = limit, seen = after; left > 0;) {
      // A read begins with the event at the position.
      const maxCount = size.events + 1;
      const options = { fromPosition, maxCount, filter, requiresLeader: true };
      const page = await this.#page('$all', (client) => client.readAll(options));
      size.observe(page);
      const wanted = page.filter(({ position }) => position <= upTo && (seen === undefined || position > seen));
      yield* wanted.slice(0, left);
      left -= wanted.length;
      seen = page.at(-1)?.position;
      if (seen === undefined || seen >= upTo || page.length < maxCount) return;
      fromPosition = parseLogPosition(seen);
    }
  }

  async #page(what: string, read: (client: KurrentDBClient) => AsyncIterable<Resolved>): Promise<StoredEvent[]> {
    return (await this.#read(what, read)).map(toStoredEvent);
  }

  /** A stream that doesn't exist has no events. */
  async #read(what: string, read: (client: KurrentDBClient) => AsyncIterable<Resolved>): Promise<Resolved[]> {
    const { library } = this.connection;
    const collect = async (client: KurrentDBClient): Promise<Resolved[]> => {
      const collected: Resolved[] = [];
      for await (const resolved of read(client)) collected.push(resolved);
      return collected;
    };
    const isAnswer = (error: unknown): boolean =>
      error instanceof library.StreamNotFoundError || answerOf(library, what, error) !== undefined;
    try {
      return await this.connection.request(performance.now() + this.timeoutMs, collect, isAnswer);
    } catch (error) {
      if (error instanceof library.StreamNotFoundError) return [];
      if (error instanceof NoAnswer) {
        throw new EventStoreError('unavailable', `reading ${what}: ${error.message}`, { cause: error });
      }
      throw answerOf(library, what, error) ?? error;
    }
  }
}

/** How many events a page should have so that it is of about PAGE_BYTES: one can't ask for bytes. */
class PageSize {
  events = FIRST_PAGE;

  observe(page: readonly StoredEvent[]): void {
    if (page.length === 0) return;
    const bytes = page.reduce((sum, { data }) => sum + data.length, 0);
    const fitting = Math.floor((PAGE_BYTES * page.length) / Math.max(1, bytes));
    this.events = Math.max(1, Math.min(4 * this.events, fitting, LONGEST_PAGE));
  }
}
