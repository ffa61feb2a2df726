/** The place of an event in its stream: dense, from 0. */
export type Revision = bigint;

/** What an append builds on. There is no "any": the fence can't be switched off. */
export type Expected = Revision | 'no_stream';

/** The place of an event in its store. Opaque, but compared with `<`; positions of two stores have nothing in common. */
export type Position = string & { readonly __position: unique symbol };

export interface NewEvent {
  /**
   * A UUID in lower case that stands for the content: derive it with `eventId`. A retry is recognised by the ids at the
   * revisions. The same id may occur elsewhere: nothing promises that ids are unique.
   */
  readonly id: string;
  /** With the version of its layout, e.g. `EntriesSequenced/v1`. */
  readonly type: string;
  /** Must not be changed before the append has settled. */
  readonly data: Uint8Array;
  readonly meta?: Readonly<Record<string, string>>;
}

export interface StoredEvent extends NewEvent {
  readonly stream: string;
  readonly revision: Revision;
  readonly position: Position;
  /** The clock of whoever stored it. For people; nothing may be decided by it. */
  readonly recordedAt: Date;
}

export interface Appended {
  readonly first: Revision;
  readonly last: Revision;
  /** Of the last event. */
  readonly position: Position;
}

export interface Limits {
  /** Of all the events of one append together. */
  readonly appendBytes: number;
  /** Data, type and metadata of one event. */
  readonly eventBytes: number;
  readonly appendEvents: number;
}

export interface AppendOptions {
  /** After it, an append whose answer did not come ends as `outcome-unknown`. A store in this process always knows. */
  readonly timeoutMs?: number;
}

export interface ReadStreamOptions {
  /** Inclusive. Default: the first event, or the last one when reading backwards. */
  readonly from?: Revision;
  readonly limit?: number;
  readonly direction?: 'forwards' | 'backwards';
}

export interface ReadAllOptions {
  /** Exclusive. */
  readonly after?: Position;
  readonly streamPrefix?: string;
  readonly limit?: number;
}

export interface SubscribeOptions {
  /** Inclusive. */
  readonly from: Revision;
  readonly signal: AbortSignal;
}

/**
 * Streams of events, each with one order. Appending with the revision that the writer has seen is the compare-and-swap
 * that everything else relies on. Every method throws EventStoreError; reads and subscriptions do so at their first step.
 */
export abstract class EventStore {
  abstract readonly limits: Limits;

  /**
   * Appends all events or none, durable (fsync, or a quorum) when it resolves. The same ids with the same expected
   * revision again give the same answer, and are written once, however much has been appended since.
   */
  abstract append(
    stream: string,
    expected: Expected,
    events: readonly NewEvent[],
    options?: AppendOptions,
  ): Promise<Appended>;

  /** The revision of the last event. Linearizable: it sees every append that has resolved. */
  abstract head(stream: string): Promise<Expected>;

  /** The last event. As fresh as `head`. */
  abstract last(stream: string): Promise<StoredEvent | undefined>;

  /** Ends at the head that it found when it began; a stream that doesn't exist has no events. */
  abstract readStream(stream: string, options?: ReadStreamOptions): AsyncIterable<StoredEvent>;

  /** Every stream, in the order of positions, which is that of revisions within a stream. Ends as `readStream` does. */
  abstract readAll(options?: ReadAllOptions): AsyncIterable<StoredEvent>;

  /**
   * History, then what is appended, without a gap or a duplicate, as fast as the consumer takes it and no faster.
   * Yields `caught-up` whenever it has gone from history to waiting. When the signal aborts, it ends.
   */
  abstract subscribe(stream: string, options: SubscribeOptions): AsyncIterable<StoredEvent | 'caught-up'>;

  /**
   * Forgets the events before `revision`; revisions stay what they were, and the last event always stays. The stream and
   * its subscriptions no longer have them; whether `readAll` and retries still do is up to the store. Never on a stream
   * whose name begins with `log-`.
   */
  abstract truncateBefore(stream: string, revision: Revision): Promise<void>;

  /** Finishes the appends that are waiting, ends the subscriptions (as `unavailable`), and lets go of the store. */
  abstract close(): Promise<void>;
}
