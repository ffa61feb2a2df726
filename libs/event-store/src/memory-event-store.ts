import { AppendBell } from './append-bell.js';
import { checkAppend, checkRevision, checkStreamName, checkTruncation, decideAppend } from './append-rule.js';
import {
  EventStore,
  type Appended,
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
import { follow, type Page } from './follow.js';
import { EMBEDDED_LIMITS, PAGE_EVENTS } from './limits.js';
import { formatPosition, parsePosition } from './position.js';

/** For tests: the whole contract, but for that nothing outlives the process. */
export class MemoryEventStore extends EventStore {
  readonly limits: Limits;
  /** By position; undefined where an event was truncated. */
  readonly #all: (StoredEvent | undefined)[] = [];
  /** By stream and revision. */
  readonly #streams = new Map<string, (StoredEvent | undefined)[]>();
  readonly #bell = new AppendBell();
  #closed = false;

  constructor(limits: Limits = EMBEDDED_LIMITS) {
    super();
    this.limits = limits;
  }

  async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    this.#checkOpen();
    checkAppend(stream, expected, events, this.limits);
    const stored = this.#streams.get(stream) ?? [];
    const head = BigInt(stored.length) - 1n;
    const first = expected === 'no_stream' ? 0n : expected + 1n;
    const last = first + BigInt(events.length) - 1n;
    if (decideAppend(stream, expected, events, head, (revision) => stored[Number(revision)]?.id) === 'write') {
      for (const event of events) {
        const position = formatPosition(BigInt(this.#all.length));
        const added = { ...copyOf(event), stream, revision: BigInt(stored.length), position, recordedAt: new Date() };
        this.#all.push(added);
        stored.push(added);
      }
      this.#streams.set(stream, stored);
      this.#bell.ring(stream);
    }
    // A retry that matched to its end found its last event, so that is not truncated.
    const { position } = stored[Number(last)] as StoredEvent;
    return { first, last, position };
  }

  async head(stream: string): Promise<Expected> {
    return (await this.last(stream))?.revision ?? 'no_stream';
  }

  async last(stream: string): Promise<StoredEvent | undefined> {
    this.#checkOpen();
    checkStreamName(stream);
    const event = this.#streams.get(stream)?.at(-1);
    return event && copyOf(event);
  }

  async *readStream(stream: string, options: ReadStreamOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    this.#checkOpen();
    checkStreamName(stream);
    if (options.from !== undefined) checkRevision(options.from);
    const { from, limit, direction } = options;
    const events = this.#streams.get(stream)?.filter((event) => event !== undefined) ?? [];
    const wanted =
      direction === 'backwards'
        ? events.filter((event) => from === undefined || event.revision <= from).toReversed()
        : events.filter((event) => event.revision >= (from ?? 0n));
    yield* this.#copies(wanted.slice(0, limit));
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<StoredEvent, void, undefined> {
    this.#checkOpen();
    const { after = '', streamPrefix = '', limit } = options;
    const wanted = this.#all.filter(
      (event) => event !== undefined && event.position > after && event.stream.startsWith(streamPrefix),
    );
    yield* this.#copies(wanted.filter((event) => event !== undefined).slice(0, limit));
  }

  subscribe(stream: string, options: SubscribeOptions): AsyncGenerator<StoredEvent | 'caught-up', void, undefined> {
    return follow(stream, options, this.#bell, (from) => this.#page(stream, from));
  }

  async truncateBefore(stream: string, revision: Revision): Promise<void> {
    this.#checkOpen();
    checkTruncation(stream, revision);
    const stored = this.#streams.get(stream) ?? [];
    for (let at = 0; at < stored.length - 1 && BigInt(at) < revision; at++) {
      const event = stored[at];
      if (event) this.#all[Number(parsePosition(event.position))] = undefined;
      stored[at] = undefined;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#bell.ringAll();
  }

  #page(stream: string, from: Revision): Page {
    this.#checkOpen();
    const rest = (this.#streams.get(stream) ?? []).slice(Number(from)).filter((event) => event !== undefined);
    return { events: rest.slice(0, PAGE_EVENTS).map(copyOf), more: rest.length > PAGE_EVENTS };
  }

  async *#copies(events: readonly StoredEvent[]): AsyncGenerator<StoredEvent, void, undefined> {
    for (const event of events) {
      this.#checkOpen();
      yield copyOf(event);
    }
  }

  #checkOpen(): void {
    if (this.#closed) throw new EventStoreError('unavailable', 'the event store is closed');
  }
}

/** Nobody outside may hold the bytes that are stored. */
function copyOf<E extends NewEvent>(event: E): E {
  return { ...event, data: event.data.slice(), ...(event.meta && { meta: { ...event.meta } }) };
}
