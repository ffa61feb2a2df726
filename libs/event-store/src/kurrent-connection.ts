import { setTimeout as sleep } from 'node:timers/promises';
import type { KurrentDBClient } from '@kurrent/kurrentdb-client';
import { EventStoreError } from './event-store-error.js';
import { checkKurrentUrl } from './kurrent-url.js';

type Library = typeof import('@kurrent/kurrentdb-client');

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;
const DISPOSE_MS = 1_000;

/** No answer within the time that the caller had. */
export class NoAnswer extends Error {}

export interface Connected {
  readonly client: KurrentDBClient;
  /** Aborts when the client is given up: a subscription that still waits for its connection would not notice. */
  readonly retired: AbortSignal;
  readonly retire: () => void;
}

/**
 * The client and its successors. A client that did not answer in time is never used again: after the server has ended
 * the stream that all appends share, it goes on writing to that stream, and hangs for ever (1.3.1).
 */
export class KurrentConnection {
  #current: Connected;
  #closed = false;

  private constructor(
    readonly library: Library,
    private readonly url: string,
  ) {
    this.#current = this.#connect();
  }

  /** Loads the client; nothing is sent yet. @throws EventStoreError invalid-request, unavailable */
  static async open(url: string): Promise<KurrentConnection> {
    checkKurrentUrl(url);
    return new KurrentConnection(await loadLibrary(), url);
  }

  /**
   * Has a request carried out, again and again until `deadline` (of `performance.now`) if it failed without saying
   * anything about the request. The request must be one that can be made twice.
   * @param isAnswer which errors are an answer, and are thrown
   * @throws NoAnswer, with the last error as its cause
   */
  async request<T>(
    deadline: number,
    make: (client: KurrentDBClient) => Promise<T>,
    isAnswer: (error: unknown) => boolean,
  ): Promise<T> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const current = this.#current;
      try {
        return await within(deadline - performance.now(), make(current.client));
      } catch (error) {
        if (isAnswer(error)) throw error;
        this.failed(current, error);
        const left = deadline - performance.now();
        if (error instanceof NoAnswer) throw error;
        if (left <= pause) throw new NoAnswer(`no answer but ${describe(error)}`, { cause: error });
        await sleep(pause);
      }
    }
  }

  get current(): Connected {
    return this.#current;
  }

  /** Has a new client made, unless somebody else has already. */
  failed(connected: Connected, error: unknown): void {
    // Told who the leader is, a client connects to it by itself; another one would have to be told again.
    if (error instanceof this.library.NotLeaderError) return;
    if (connected !== this.#current || this.#closed) return;
    this.#current = this.#connect();
    connected.retire();
    void disposeOf(connected.client);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#current.retire();
    await disposeOf(this.#current.client);
  }

  #connect(): Connected {
    const retirement = new AbortController();
    try {
      const client = this.library.KurrentDBClient.connectionString(this.url);
      return { client, retired: retirement.signal, retire: () => retirement.abort() };
    } catch {
      // What it says has parts of the string in it.
      throw new EventStoreError('invalid-request', 'the connection string of the event store is refused by the client');
    }
  }
}

/** The client is an optional dependency: whoever stays with SQLite need not have it. */
async function loadLibrary(): Promise<Library> {
  try {
    return await import('@kurrent/kurrentdb-client');
  } catch (cause) {
    throw new EventStoreError(
      'unavailable',
      'the KurrentDB client can not be loaded: npm install @kurrent/kurrentdb-client (an optional dependency)',
      { cause },
    );
  }
}

/** A client of which a stream has ended cleanly never finishes to dispose of it. */
async function disposeOf(client: KurrentDBClient): Promise<void> {
  const patience = new AbortController();
  const { signal } = patience;
  await Promise.race([closeAll(client), sleep(DISPOSE_MS, undefined, { signal, ref: false })]).catch(() => undefined);
  patience.abort();
}

async function closeAll(client: KurrentDBClient): Promise<void> {
  const disposed = client.dispose();
  // That only ends its streams: the connection is private to it, and would stay open for half an hour.
  const channelOf = Reflect.get(client, 'getChannel') as (() => Promise<{ close(): void }>) | undefined;
  const closed = channelOf?.().then((channel) => channel.close());
  await Promise.all([disposed, closed]);
}

/** @throws NoAnswer */
async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  answer.catch(() => undefined); // it may fail when nobody waits any more
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer('no answer in time')), Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' ? error.constructor.name : error.message;
}
