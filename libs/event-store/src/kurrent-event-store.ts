import { checkAppend, checkRevision, checkStreamName, checkTruncation } from './append-rule.js';
import {
  EventStore,
  type Appended,
  type AppendOptions,
  type Expected,
  type Limits,
  type NewEvent,
  type ReadAllOptions,
  type ReadStreamOptions,
  type Revision,
  type StoredEvent,
  type SubscribeOptions,
} from './event-store.js';
import { EventStoreError } from './event-store-error.js';
import { KurrentAppender } from './kurrent-appender.js';
import { KurrentConnection } from './kurrent-connection.js';
import { KurrentMetadata } from './kurrent-metadata.js';
import { KurrentReader } from './kurrent-reader.js';
import { followServer, gap } from './kurrent-subscription.js';
import { KURRENT_LIMITS } from './limits.js';

const APPEND_TIMEOUT_MS = 5_000;
const READ_TIMEOUT_MS = 10_000;
const IDLE_CHECK_MS = 10_000;

export interface KurrentOptions {
  /** `kurrentdb://user:password@host:2113,…?tlsCAFile=…` */
  readonly url: string;
  /** Default: what a server up to 24.10 takes as it comes. */
  readonly limits?: Partial<Limits>;
  /** Of an append that isn't given another. Default 5 s. */
  readonly appendTimeoutMs?: number;
  /** After so long without an answer, a read of one page is given up. Default 10 s. */
  readonly readTimeoutMs?: number;
  /** How often a subscription without events looks whether it should have had one. Default 10 s. */
  readonly idleCheckMs?: number;
}

/**
 * A KurrentDB server or cluster (or EventStoreDB from 23.10 on), through its own client, which is loaded when a store is
 * opened. It makes up for what the client does not do: appends that never settle end as `outcome-unknown`, a connection
 * that went silent is replaced, subscriptions are resumed. What is durable is the server's affair: an append resolves
 * when a majority of the cluster has it.
 *
 * Reading everything takes the rights of an administrator, unless the server is told otherwise. The server refuses an
 * append whose deadline has passed by its own clock: the clocks may differ by less than the timeout.
 */
export class KurrentEventStore extends EventStore {
  readonly limits: Limits;
  readonly #connection: KurrentConnection;
  readonly #reader: KurrentReader;
  readonly #appender: KurrentAppender;
  readonly #metadata: KurrentMetadata;
  readonly #appendTimeoutMs: number;
  readonly #idleCheckMs: number;
  readonly #appends = new Set<Promise<unknown>>();
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  /** Loads the client. The server is first asked when something is. @throws EventStoreError invalid-request, unavailable */
  static async open(options: KurrentOptions): Promise<KurrentEventStore> {
    return new KurrentEventStore(await KurrentConnection.open(options.url), options);
  }

  private constructor(connection: KurrentConnection, options: KurrentOptions) {
    super();
    this.limits = { ...KURRENT_LIMITS, ...options.limits };
    this.#connection = connection;
    this.#reader = new KurrentReader(connection, options.readTimeoutMs ?? READ_TIMEOUT_MS);
    this.#appender = new KurrentAppender(connection, this.#reader);
    this.#metadata = new KurrentMetadata(connection, this.#reader, this.#appender);
    this.#appendTimeoutMs = options.appendTimeoutMs ?? APPEND_TIMEOUT_MS;
    this.#idleCheckMs = options.idleCheckMs ?? IDLE_CHECK_MS;
  }

  async append(
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
    { timeoutMs = this.#appendTimeoutMs }: AppendOptions = {},
  ): Promise<Appended> {
    this.#checkOpen();
    checkAppend(stream, expected, events, this.limits);
    return this.#finishBeforeClosing(async () => {
      await this.#metadata.checkRetained(stream);
      return this.#appender.append(stream, expected, events, timeoutMs);
    });
  }

  async head(stream: string): Promise<Expected> {
    this.#checkOpen();
    checkStreamName(stream);
    await this.#metadata.checkRetained(stream);
    return this.#reader.head(stream);
  }

  async last(stream: string): Promise<StoredEvent | undefined> {
    this.#checkOpen();
    checkStreamName(stream);
    await this.#metadata.checkRetained(stream);
    return this.#reader.last(stream);
  }

  async *readStream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    const { from, direction = 'forwards', limit = Infinity } = options;
    if (from !== undefined) checkRevision(from);
    const head = await this.head(stream);
    if (head === 'no_stream') return;
    const [start, end] =
      direction === 'forwards' ? [from ?? 0n, head] : [from === undefined ? head : lower(from, head), 0n];
    const kept = stream.startsWith('log-'); // all others may have been truncated
    const step = direction === 'forwards' ? 1n : -1n;
    let next = start;
    for await (const event of this.#open(this.#reader.stream(stream, start, end, direction, limit))) {
      if (kept && event.revision !== next) throw gap(stream, next);
      yield event;
      next = event.revision + step;
    }
    const expected = (end - start) * step + 1n;
    const read = (next - start) * step;
    if (kept && read < expected && read < limit) throw gap(stream, next);
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    this.#checkOpen();
    const { after, streamPrefix = '', limit = Infinity } = options;
    yield* this.#open(this.#reader.all(after, streamPrefix, limit));
  }

  subscribe(stream: string, options: SubscribeOptions): AsyncGenerator<StoredEvent | 'caught-up', void, undefined> {
    return followServer(stream, options, {
      connection: this.#connection,
      head: (name) => this.head(name),
      closed: this.#closed.signal,
      idleCheckMs: this.#idleCheckMs,
    });
  }

  /** Hides them, by the `$tb` of the stream; a scavenge of the server removes them. */
  async truncateBefore(stream: string, revision: Revision): Promise<void> {
    this.#checkOpen();
    checkTruncation(stream, revision);
    return this.#finishBeforeClosing(async () => {
      const head = await this.#reader.head(stream);
      if (head === 'no_stream') return;
      await this.#metadata.truncate(stream, lower(revision, head), this.#appendTimeoutMs); // the last event stays
    });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closed.abort();
    await Promise.allSettled(this.#appends);
    await this.#connection.close();
  }

  async #finishBeforeClosing<T>(write: () => Promise<T>): Promise<T> {
    const written = write();
    this.#appends.add(written);
    try {
      return await written;
    } finally {
      this.#appends.delete(written);
    }
  }

  /** A read that is under way ends as soon as the store is closed. */
  async *#open(events: AsyncIterable<StoredEvent>): AsyncGenerator<StoredEvent, void, undefined> {
    for await (const event of events) {
      this.#checkOpen();
      yield event;
    }
  }

  #checkOpen(): void {
    if (this.#closing) throw new EventStoreError('unavailable', 'the event store is closed');
  }
}

const lower = (a: Revision, b: Revision): Revision => (a < b ? a : b);
