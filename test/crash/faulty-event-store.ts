import {
  EventStore,
  EventStoreError,
  type Appended,
  type Expected,
  type NewEvent,
  type ReadAllOptions,
  type ReadStreamOptions,
  type Revision,
  type StoredEvent,
  type SubscribeOptions,
} from '#libs/event-store';
import type { Fault, SimulatedProcess } from './simulated-process.js';

/** A store as one process sees it, every append of which may fail. Others may have the same store. */
export class FaultyEventStore extends EventStore {
  readonly limits;
  #poisoned = false;

  constructor(
    private readonly store: EventStore,
    private readonly process: SimulatedProcess,
    private readonly secondWriter: () => Promise<void>,
  ) {
    super();
    this.limits = store.limits;
  }

  async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    if (this.#poisoned) throw failure('store-poisoned');
    const effect = (): Promise<Appended> => this.store.append(stream, expected, events);
    return this.process.step(`append ${events[0]?.type}`, effect, async (fault: Fault) => {
      switch (fault) {
        case 'second-writer':
          await this.secondWriter();
          return effect();
        case 'outcome-unknown-but-persisted':
          await effect();
          throw failure('outcome-unknown');
        case 'poisoned-but-persisted':
          await effect();
          this.#poisoned = true;
          throw failure('store-poisoned');
        case 'poisoned':
          this.#poisoned = true;
          throw failure('store-poisoned');
        case 'outcome-unknown':
          throw failure('outcome-unknown');
        case 'no-space':
          throw failure('no-space');
        default:
          throw failure('unavailable');
      }
    });
  }

  head(stream: string): Promise<Expected> {
    this.process.check();
    return this.store.head(stream);
  }

  last(stream: string): Promise<StoredEvent | undefined> {
    this.process.check();
    return this.store.last(stream);
  }

  async *readStream(stream: string, options?: ReadStreamOptions): AsyncGenerator<StoredEvent, void, undefined> {
    for await (const event of this.store.readStream(stream, options)) {
      this.process.check();
      yield event;
    }
  }

  async *readAll(options?: ReadAllOptions): AsyncGenerator<StoredEvent, void, undefined> {
    for await (const event of this.store.readAll(options)) {
      this.process.check();
      yield event;
    }
  }

  subscribe(stream: string, options: SubscribeOptions): AsyncIterable<StoredEvent | 'caught-up'> {
    this.process.check();
    return this.store.subscribe(stream, options);
  }

  truncateBefore(stream: string, revision: Revision): Promise<void> {
    this.process.check();
    return this.store.truncateBefore(stream, revision);
  }

  /** The store itself outlives the process. */
  async close(): Promise<void> {
    this.#poisoned = true;
  }
}

function failure(code: 'store-poisoned' | 'outcome-unknown' | 'unavailable' | 'no-space'): EventStoreError {
  return new EventStoreError(code, `a fault that was planned: ${code}`);
}
