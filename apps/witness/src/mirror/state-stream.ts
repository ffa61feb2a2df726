import { randomUUID } from 'node:crypto';
import { EventStoreError, type EventStore, type Expected, type NewEvent } from '#libs/event-store';
import type { Logger } from 'pino';
import type { StateCodec } from './mirror-events.js';

/** The end of a stream, and what it says. */
export interface Recorded<T> {
  readonly revision: Expected;
  readonly state: T | undefined;
}

/** Every so many events, those before are forgotten. */
const TRUNCATE_EVERY = 256n;
const APPEND_ATTEMPTS = 3;

/** A stream of which only the last event counts. Changing it is a compare-and-swap on its revision. */
export class StateStream<T> {
  #known: Recorded<T> | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly stream: string,
    private readonly codec: StateCodec<T>,
    private readonly logger: Logger,
  ) {}

  /** @throws EventStoreError, Error for an event that this version did not write */
  async load(): Promise<Recorded<T>> {
    if (this.#known) return this.#known;
    const event = await this.store.last(this.stream);
    if (event && event.type !== this.codec.type) {
      throw new Error(`${this.stream}: an event of type ${event.type}, should be ${this.codec.type}`);
    }
    // Whoever was here meanwhile has seen at least as much.
    this.#known ??= event
      ? { revision: event.revision, state: this.codec.decode(event.data) }
      : { revision: 'no_stream', state: undefined };
    return this.#known;
  }

  /**
   * Makes `state` the last one, durably, if `from` still is; false if it is not.
   * @throws EventStoreError; whether the event is there is then unknown
   */
  async advance(from: Recorded<T>, state: T): Promise<boolean> {
    // Not derived from the content: two that say the same must not pass for one that was repeated.
    const event = { id: randomUUID(), type: this.codec.type, data: this.codec.encode(state) };
    try {
      const revision = await this.#append(from.revision, event);
      this.#known = { revision, state };
      if (revision % TRUNCATE_EVERY === 0n) this.#truncate(revision);
      return true;
    } catch (error) {
      this.#known = undefined;
      if (error instanceof EventStoreError && error.code === 'wrong-expected-revision') return false;
      throw error;
    }
  }

  async #append(expected: Expected, event: NewEvent): Promise<bigint> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.store.append(this.stream, expected, [event])).last;
      } catch (error) {
        // The same event at the same revision again until the answer is known: it is written once.
        const unknown = error instanceof EventStoreError && error.code === 'outcome-unknown';
        if (!unknown || attempt === APPEND_ATTEMPTS) throw error;
      }
    }
  }

  /** Nobody waits for it: what stays too long only takes up space. */
  #truncate(revision: bigint): void {
    this.store.truncateBefore(this.stream, revision).catch((error: unknown) => {
      this.logger.warn({ err: error, stream: this.stream }, 'could not forget old states');
    });
  }
}
