import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { EventStoreError, type EventStore, type NewEvent } from '#libs/event-store';
import { entriesSequenced } from '../events.js';
import { LogError } from '../log-error.js';
import type { LogKind } from '../log-kind.js';
import type { LogMetrics } from '../metrics.js';
import type { Freeze } from './freeze.js';
import type { Pool, Waiting } from './pool.js';
import { isTransient } from './transient.js';
import type { Sequenced, Tree } from './tree.js';

/** An event holds at most this many leaves … */
const EVENT_LEAVES = 64;
/** … and this many bytes of them. */
const EVENT_BYTES = 512 * 1024;
const RETRY_MS = 100;

export interface SequencerParts<Submission> {
  readonly kind: LogKind<Submission>;
  readonly store: EventStore;
  readonly stream: string;
  readonly tree: Tree<Submission>;
  readonly pool: Pool<Submission>;
  readonly freeze: Freeze;
  readonly metrics: LogMetrics;
  readonly now: () => number;
  /** Rings when entries were committed and integrated. */
  readonly committed: () => void;
}

/**
 * The one writer of a log. A round takes what waits, appends it with the revision that it builds on (the one commit
 * point), and integrates what was committed. The next round begins when the last has ended: a lone entry waits for
 * nobody, and under load the entries that came during a commit share the next one.
 */
export class Sequencer<Submission> {
  #isBehind = false;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(private readonly parts: SequencerParts<Submission>) {}

  /**
   * The index of the entry, once it is committed. The same entry always gets the same one.
   * @throws LogError pool-full, closing, frozen, read-only, unavailable
   */
  async add(submission: Submission, bytes: number): Promise<Sequenced> {
    const { kind, tree, pool, freeze } = this.parts;
    freeze.check();
    if (this.#closed) throw new LogError('closing', 'the log is shutting down; try again');
    const dedupeKey = kind.dedupeKey(submission);
    const known = tree.find(dedupeKey);
    if (known) return known;
    if (tree.isFrozen) throw readOnly();
    const sequenced = pool.offer(submission, dedupeKey, bytes);
    void this.#start();
    return sequenced;
  }

  /** Applies what another writer has committed, between two rounds. */
  async catchUp(): Promise<void> {
    this.#isBehind = true;
    await this.#start();
  }

  #start(): Promise<void> {
    return (this.#running ??= this.#run());
  }

  async #run(): Promise<void> {
    const { pool, freeze } = this.parts;
    // A turn of the event loop lets requests that arrived together share a round.
    await setImmediate();
    while ((pool.length > 0 || this.#isBehind) && freeze.reason === undefined) {
      if (this.#isBehind) await this.#catchUp().catch((error: unknown) => this.#staysBehind(error));
      const round = this.#isBehind || freeze.reason !== undefined ? [] : pool.take();
      if (round.length > 0) await this.#round(round).catch((error: unknown) => this.#fail(round, error));
    }
    if (freeze.reason !== undefined) pool.rejectAll(new LogError('frozen', `the log is frozen: ${freeze.reason}`));
    this.#running = undefined; // in the same step as the last look at the pool: what is offered from now on starts anew
  }

  /** The store could not be read: for a moment, perhaps, and then what waits here waits on. */
  async #staysBehind(error: unknown): Promise<void> {
    const { pool, freeze } = this.parts;
    if (!isTransient(error)) {
      freeze.freeze(error);
      return;
    }
    this.#isBehind = !this.#closed;
    if (this.#closed)
      pool.rejectAll(new LogError('closing', 'the log shuts down while its store is out of reach; try again'));
    else await delay(RETRY_MS);
  }

  /** A round that was not committed, or of which nobody knows. */
  #fail(round: readonly Waiting<Submission>[], error: unknown): void {
    let refusal = error;
    if (isTransient(error)) {
      const message = 'the log can not write now (is its disk full?); nothing was logged, try again later';
      refusal = new LogError('unavailable', message, { cause: error });
    } else if (!(error instanceof LogError && error.code === 'closing')) {
      this.parts.freeze.freeze(error);
      refusal = new LogError('frozen', 'the log could not commit the entry, and is frozen', { cause: error });
    }
    for (const entry of round) entry.reject(refusal);
  }

  async #round(round: readonly Waiting<Submission>[]): Promise<void> {
    const { kind, tree, pool, metrics, now, committed } = this.parts;
    const sequencedAtMs = BigInt(Math.max(now(), Number(tree.lastSequencedAtMs)));
    const first = tree.size;
    const events = this.#events(
      round.map(({ submission }, i) => kind.encodeLeaf(submission, first + BigInt(i), sequencedAtMs)),
      sequencedAtMs,
    );
    const stop = metrics.roundSeconds.startTimer();
    if (await this.#commit(events)) {
      tree.apply(events);
      round.forEach((entry, i) => entry.resolve({ index: first + BigInt(i), sequencedAtMs }));
    } else {
      // Another writer exists. What it committed may hold entries that wait here; the others get new indexes.
      this.#isBehind = true;
      pool.putBack(round);
    }
    stop();
    metrics.roundEntries.observe(round.length);
    metrics.treeSize.set(Number(tree.size));
    committed();
  }

  #events(leaves: readonly Uint8Array[], sequencedAtMs: bigint): NewEvent[] {
    const { kind, stream, tree } = this.parts;
    const events: NewEvent[] = [];
    for (let at = 0; at < leaves.length;) {
      let end = at + 1;
      for (let bytes = leaves[at]?.length ?? 0; end < leaves.length && end - at < EVENT_LEAVES; end++) {
        bytes += leaves[end]?.length ?? 0;
        if (bytes > EVENT_BYTES) break;
      }
      const firstIndex = tree.size + BigInt(at);
      const data = kind.joinLeaves(leaves.slice(at, end));
      events.push(entriesSequenced(stream, { firstIndex, count: end - at, sequencedAtMs, data, attachments: [] }));
      at = end;
    }
    return events;
  }

  /** True when the events are committed, false when the stream has gone on without us. */
  async #commit(events: readonly NewEvent[]): Promise<boolean> {
    for (;;) {
      try {
        await this.parts.store.append(this.parts.stream, this.parts.tree.revision, events);
        return true;
      } catch (error) {
        if (!(error instanceof EventStoreError)) throw error;
        if (error.code === 'wrong-expected-revision') return false;
        if (error.code !== 'outcome-unknown') throw error;
        // The same ids at the same revision are written once, so asking again is how to learn what happened.
        if (this.#closed) throw new LogError('closing', 'the log shuts down while a commit is undecided; try again');
        await delay(RETRY_MS);
      }
    }
  }

  async #catchUp(): Promise<void> {
    const { store, stream, tree, pool, committed } = this.parts;
    this.#isBehind = false;
    for await (const event of store.readStream(stream, { from: tree.revision + 1n })) tree.apply([event]);
    pool.settle((dedupeKey) => tree.find(dedupeKey));
    if (tree.isFrozen) pool.rejectAll(readOnly());
    committed();
  }

  /** Takes nothing new, and finishes the rounds that have begun. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }
}

function readOnly(): LogError {
  return new LogError('read-only', 'This log has been frozen, please switch to the latest log.');
}
