import type { AppendResult, EventData } from '@kurrent/kurrentdb-client';
import type { Appended, Expected, NewEvent, Revision } from './event-store.js';
import { EventStoreError } from './event-store-error.js';
import { answerOf } from './kurrent-answers.js';
import { NoAnswer, type KurrentConnection } from './kurrent-connection.js';
import { formatLogPosition } from './kurrent-events.js';
import type { KurrentReader } from './kurrent-reader.js';
import { gap } from './kurrent-subscription.js';

/** What an append is made with. `requiresLeader`: a follower would pass it on, and could not say what became of it. */
interface Fence {
  readonly streamState: Expected;
  readonly requiresLeader: true;
  readonly deadline: number;
}

/** Appends, and finds out what the answers mean. */
export class KurrentAppender {
  /** Reads under way: the writers that lost one race all ask for the same event. */
  readonly #asked = new Map<string, Promise<string | undefined>>();

  constructor(
    private readonly connection: KurrentConnection,
    private readonly reader: KurrentReader,
  ) {}

  /** @throws EventStoreError */
  async append(stream: string, expected: Expected, events: readonly NewEvent[], timeoutMs: number): Promise<Appended> {
    const { binaryEvent } = this.connection.library;
    const first = expected === 'no_stream' ? 0n : expected + 1n;
    const last = first + BigInt(events.length) - 1n;
    const batch = events.map(({ id, type, data, meta }) =>
      binaryEvent({ id, type, data, ...(meta && { metadata: { ...meta } }) }),
    );
    const answer = await this.request(stream, expected, batch, timeoutMs);
    if ('conflict' in answer) return this.#conflict(stream, expected, events, answer.conflict);
    const { nextExpectedRevision, position } = answer;
    // A stream that was deleted goes on where it ended, whatever was expected of it.
    if (nextExpectedRevision !== last) throw gap(stream, first);
    if (position) return { first, last, position: formatLogPosition(position) };
    return this.#conflict(stream, expected, events, last); // a retry, of which the server did not say where it is
  }

  /**
   * The only place that appends. Without `streamState` the client would say "any revision" to the server.
   * Made again with the same ids and the same fence, an append is written once: so it is made again if it failed
   * without an answer, as long as there is time.
   * @throws EventStoreError outcome-unknown and what the server decides
   */
  async request(
    stream: string,
    expected: Expected,
    events: EventData[],
    timeoutMs: number,
  ): Promise<AppendResult | { readonly conflict: Expected }> {
    const { library } = this.connection;
    const fence: Fence = { streamState: expected, requiresLeader: true, deadline: timeoutMs };
    try {
      return await this.connection.request(
        performance.now() + timeoutMs,
        // No credentials here: with them, the client makes one call for each append.
        (client) => client.appendToStream(stream, events, fence),
        (error) => error instanceof library.WrongExpectedVersionError || answerOf(library, stream, error) !== undefined,
      );
    } catch (error) {
      if (error instanceof library.WrongExpectedVersionError) return { conflict: error.actualState as Expected };
      if (error instanceof NoAnswer) {
        throw new EventStoreError('outcome-unknown', `append to ${stream}: ${error.message}`, { cause: error });
      }
      throw answerOf(library, stream, error) ?? error;
    }
  }

  /** The server has one answer for a conflict and for a retry of which only the beginning is there. */
  async #conflict(
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
    actual: Expected,
  ): Promise<Appended> {
    const first = expected === 'no_stream' ? 0n : expected + 1n;
    const written = actual === 'no_stream' ? undefined : await this.#written(stream, first, actual, events);
    if (written) return written;
    throw new EventStoreError('wrong-expected-revision', `${stream} is at ${actual}, not at ${expected}`, { actual });
  }

  /** What an earlier append of the same events came to; undefined if there was none. @throws EventStoreError */
  async #written(
    stream: string,
    first: Revision,
    head: Revision,
    events: readonly NewEvent[],
  ): Promise<Appended | undefined> {
    let matching = 0;
    try {
      if ((await this.#idAt(stream, first)) !== events[0]?.id) return undefined;
      for await (const stored of this.reader.stream(stream, first, head, 'forwards', events.length)) {
        if (stored.revision !== first + BigInt(matching) || stored.id !== events[matching]?.id) break;
        const { revision: last, position } = stored;
        if (++matching === events.length) return { first, last, position };
      }
    } catch (error) {
      if (!(error instanceof EventStoreError) || error.code !== 'unavailable') throw error;
      throw new EventStoreError('outcome-unknown', `append to ${stream}: ${error.message}`, { cause: error });
    }
    if (matching === 0) return undefined;
    const there = `${matching} of ${events.length} events are in ${stream} from ${first} on`;
    throw new EventStoreError('invalid-retry', `${there}: neither this append nor another one`);
  }

  #idAt(stream: string, revision: Revision): Promise<string | undefined> {
    const key = `${revision} ${stream}`;
    const asked = this.#asked.get(key) ?? this.#readId(stream, revision).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  async #readId(stream: string, revision: Revision): Promise<string | undefined> {
    for await (const { id } of this.reader.stream(stream, revision, revision, 'forwards', 1)) return id;
    return undefined;
  }
}
