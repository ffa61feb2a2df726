import { setTimeout as sleep } from 'node:timers/promises';
import { checkRevision, checkStreamName } from './append-rule.js';
import type { Expected, Revision, StoredEvent, SubscribeOptions } from './event-store.js';
import { EventStoreError } from './event-store-error.js';
import { answerOf } from './kurrent-answers.js';
import type { KurrentConnection } from './kurrent-connection.js';
import { toStoredEvent, type Resolved } from './kurrent-events.js';

const PAUSE_MS = 100;
/** Each of the client's buffers, in events. */
const BUFFERED = 2;

export interface SubscriptionSource {
  readonly connection: KurrentConnection;
  head(stream: string): Promise<Expected>;
  /** Aborts when the store is closed. */
  readonly closed: AbortSignal;
  /** After so long without an event the head is looked at: a server may go silent without ending anything. */
  readonly idleCheckMs: number;
}

/**
 * The subscription of a server that drops its subscriptions (when the leader changes, or it just does): each time the
 * next one begins at the revision that is due, which is all the state there is.
 */
export async function* followServer(
  stream: string,
  { from, signal }: SubscribeOptions,
  source: SubscriptionSource,
): AsyncGenerator<StoredEvent | 'caught-up', void, undefined> {
  checkStreamName(stream);
  checkRevision(from);
  const { connection, closed } = source;
  const stop = AbortSignal.any([signal, closed]);
  let next = from;
  for (;;) {
    if (signal.aborted) return;
    if (closed.aborted) throw new EventStoreError('unavailable', 'the event store is closed');
    const history = await historyEnd(stream, source);
    if (history === undefined) continue; // the server does not answer: it was waited for
    let live = false;
    const { current } = connection;
    const events = new Drops(stream, next, current.client, AbortSignal.any([stop, current.retired]));
    try {
      if (next >= history) {
        live = true;
        yield 'caught-up';
      }
      for (;;) {
        const item = await events.next(source.idleCheckMs);
        if (item === 'dropped') break;
        if (item === 'idle') {
          if (((await historyEnd(stream, source)) ?? 0n) > next) break;
          continue;
        }
        const event = toStoredEvent(item);
        if (event.revision < next) continue; // it was asked for what is not there yet
        if (event.revision > next && stream.startsWith('log-')) throw gap(stream, next);
        yield event;
        if (stop.aborted) break;
        next = event.revision + 1n;
        if (!live && next >= history) {
          live = true;
          yield 'caught-up';
        }
      }
    } catch (error) {
      const answer = answerOf(connection.library, stream, error);
      if (answer) throw answer;
      connection.failed(current, error);
    } finally {
      events.end();
    }
    await sleep(PAUSE_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** The revision after the last one, or undefined if the server did not say. */
async function historyEnd(stream: string, source: SubscriptionSource): Promise<Revision | undefined> {
  try {
    const head = await source.head(stream);
    return head === 'no_stream' ? 0n : head + 1n;
  } catch (error) {
    const silent = error instanceof EventStoreError && error.code === 'unavailable' && !source.closed.aborted;
    if (silent && error.cause instanceof Error && !answerOf(source.connection.library, stream, error.cause)) {
      return undefined;
    }
    throw error;
  }
}

export const gap = (stream: string, missing: Revision): EventStoreError =>
  new EventStoreError('not-retained', `${stream} no longer has revision ${missing}`);

type Client = KurrentConnection['current']['client'];

/** One subscription of the client, until it ends. */
class Drops {
  readonly #subscription: ReturnType<Client['subscribeToStream']>;
  readonly #items: AsyncIterator<Resolved>;
  #pending: Promise<IteratorResult<Resolved>> | undefined;

  constructor(
    stream: string,
    from: Revision,
    client: Client,
    private readonly stop: AbortSignal,
  ) {
    // The server begins after the revision that it is given.
    const fromRevision = from === 0n ? ('start' as const) : from - 1n;
    const options = { fromRevision, requiresLeader: true };
    this.#subscription = client.subscribeToStream(stream, options, { highWaterMark: BUFFERED });
    this.#subscription.on('error', () => undefined); // the iterator has it too, but not when nobody is waiting
    this.#items = this.#subscription[Symbol.asyncIterator]() as AsyncIterator<Resolved>;
  }

  /** Throws what the subscription failed with. */
  next(idleMs: number): Promise<Resolved | 'idle' | 'dropped'> {
    const pending = (this.#pending ??= this.#items.next());
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        this.stop.removeEventListener('abort', dropped);
        end();
      };
      const dropped = (): void => settle(() => resolve('dropped'));
      const timer = setTimeout(() => settle(() => resolve('idle')), idleMs);
      this.stop.addEventListener('abort', dropped);
      if (this.stop.aborted) dropped();
      pending.then(
        ({ done, value }) => {
          this.#pending = undefined;
          settle(() => resolve(done ? 'dropped' : value));
        },
        (error: unknown) => settle(() => reject(error)),
      );
    });
  }

  end(): void {
    this.#pending?.catch(() => undefined);
    // Without waiting: it waits for a connection that may never come.
    this.#subscription.unsubscribe().catch(() => undefined);
    this.#subscription.destroy();
  }
}
