import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EventStore, Expected, NewEvent, Position, StoredEvent } from '../event-store.js';
import { EventStoreError } from '../event-store-error.js';
import { MemoryEventStore } from '../memory-event-store.js';
import { collect, newEvent, newStream, type Subject } from './subject.js';

/**
 * Few streams, few events and small numbers, so that conflicts, retries and partial retries are common. A revision is
 * given as its distance to the head, an append to be repeated by its place among those that were made.
 */
type Operation =
  | { readonly kind: 'append'; readonly stream: number; readonly distance: number; readonly events: readonly number[] }
  | { readonly kind: 'repeat'; readonly which: number; readonly keep: number; readonly add: readonly number[] }
  | { readonly kind: 'truncate'; readonly stream: number; readonly before: number }
  | {
      readonly kind: 'read';
      readonly stream: number;
      readonly from: number;
      readonly limit: number;
      readonly backwards: boolean;
    }
  | { readonly kind: 'last'; readonly stream: number }
  | { readonly kind: 'all'; readonly after: number; readonly limit: number };

const small = fc.nat({ max: 4 });
const operations = (truncating: boolean): fc.Arbitrary<Operation[]> =>
  fc.array(
    fc.oneof<fc.Arbitrary<Operation>[]>(
      fc.record({
        kind: fc.constant('append'),
        stream: fc.nat({ max: 2 }),
        distance: fc.constantFrom(0, 0, 0, 1, 2, -1),
        events: fc.array(small, { minLength: 1, maxLength: 3 }),
      }),
      fc.record({
        kind: fc.constant('repeat'),
        which: small,
        keep: fc.nat({ max: 3 }),
        add: fc.array(small, { maxLength: 1 }),
      }),
      ...(truncating
        ? [fc.record({ kind: fc.constant('truncate' as const), stream: fc.nat({ max: 2 }), before: small })]
        : []),
      fc.record({
        kind: fc.constant('read'),
        stream: fc.nat({ max: 2 }),
        from: small,
        limit: small,
        backwards: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('last'), stream: fc.nat({ max: 2 }) }),
      fc.record({ kind: fc.constant('all'), after: small, limit: small }),
    ),
    { minLength: 10, maxLength: 40 },
  );

/** Carries out operations on one store; what it answers can be compared with the answers of another store. */
class Player {
  readonly #appends: { stream: string; expected: Expected; events: readonly NewEvent[] }[] = [];
  readonly #positions: Position[] = [];

  constructor(
    private readonly store: EventStore,
    private readonly prefix: string,
  ) {}

  async play(operation: Operation): Promise<unknown> {
    try {
      return await this.#answer(operation);
    } catch (error) {
      if (error instanceof EventStoreError) return { code: error.code, actual: error.actual };
      throw error;
    }
  }

  async #answer(operation: Operation): Promise<unknown> {
    const stream = 'stream' in operation ? `${this.prefix}-${operation.stream}` : '';
    switch (operation.kind) {
      case 'append': {
        const head = await this.store.head(stream);
        const after = (head === 'no_stream' ? -1n : head) - BigInt(operation.distance);
        return this.#append(
          stream,
          after < 0n ? 'no_stream' : after,
          operation.events.map((n) => newEvent(`event ${n}`)),
        );
      }
      case 'repeat': {
        const made = this.#appends[operation.which % Math.max(1, this.#appends.length)];
        if (made === undefined) return undefined;
        const added = operation.add.map((n) => newEvent(`event ${n}`));
        return this.#append(made.stream, made.expected, [...made.events.slice(0, operation.keep), ...added]);
      }
      case 'truncate':
        return this.store.truncateBefore(stream, BigInt(operation.before));
      case 'read': {
        const { backwards, limit } = operation;
        const direction = backwards ? 'backwards' : 'forwards';
        return (await collect(this.store.readStream(stream, { from: BigInt(operation.from), limit, direction }))).map(
          comparable,
        );
      }
      case 'last': {
        const last = await this.store.last(stream);
        return [await this.store.head(stream), last && comparable(last)];
      }
      case 'all': {
        const after = this.#positions[operation.after];
        const options = { streamPrefix: this.prefix, limit: operation.limit * 4, ...(after && { after }) };
        return (await collect(this.store.readAll(options))).map(comparable);
      }
    }
  }

  async #append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<unknown> {
    this.#appends.push({ stream, expected, events });
    const { first, last, position } = await this.store.append(stream, expected, events);
    this.#positions.push(position);
    return { first, last };
  }
}

/** Positions and clocks are each store's own; only the order of positions is the same. */
function comparable({ stream, revision, id, type, data }: StoredEvent): unknown {
  return { stream, revision, id, type, data: [...data] };
}

export function modelContract(open: () => Promise<Subject>, truncating: boolean): void {
  test(`any sequence of operations ${truncating ? 'and truncations ' : ''}has the answers that the store in memory gives`, async () => {
    const { store, dispose } = await open();
    const property = fc.asyncProperty(operations(truncating), async (sequence) => {
      const prefix = newStream('model');
      const [subject, model] = [new Player(store, prefix), new Player(new MemoryEventStore(), prefix)];
      for (const operation of sequence) expect(await subject.play(operation)).toEqual(await model.play(operation));
    });
    await fc.assert(property, { numRuns: 60 });
    await dispose();
  });
}
