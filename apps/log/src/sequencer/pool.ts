import { LogError } from '../log-error.js';
import type { DedupeKey } from '../log-kind.js';
import type { Sequenced } from './tree.js';

/** An admitted entry that waits for its index. */
export interface Waiting<Submission> {
  readonly submission: Submission;
  readonly dedupeKey: DedupeKey;
  readonly bytes: number;
  readonly resolve: (sequenced: Sequenced) => void;
  readonly reject: (error: unknown) => void;
}

/** One commit takes at most this many entries … */
const ROUND_ENTRIES = 1024;

/** Entries between admission and commit: bounded, first come first served; the same entry waits once. */
export class Pool<Submission> {
  #waiting: Waiting<Submission>[] = [];
  readonly #inFlight = new Map<DedupeKey, Promise<Sequenced>>();

  /**
   * @param limit more entries than this don't wait: the client is asked to come back
   * @param roundBytes … and at most this many bytes, so that it fits one append
   */
  constructor(
    private readonly limit: number,
    private readonly roundBytes: number,
  ) {}

  get length(): number {
    return this.#waiting.length;
  }

  /**
   * The index that the entry will get. The same entry, while it is in flight, shares one promise.
   * @throws LogError pool-full
   */
  offer(submission: Submission, dedupeKey: DedupeKey, bytes: number): Promise<Sequenced> {
    const shared = this.#inFlight.get(dedupeKey);
    if (shared) return shared;
    if (this.#waiting.length >= this.limit) {
      throw new LogError('pool-full', `${this.limit} entries wait to be sequenced; try again in a second`);
    }
    const promise = new Promise<Sequenced>((resolve, reject) => {
      this.#waiting.push({ submission, dedupeKey, bytes, resolve, reject });
    }).finally(() => this.#inFlight.delete(dedupeKey));
    this.#inFlight.set(dedupeKey, promise);
    return promise;
  }

  /** The entries of one round, in the order they came. */
  take(): Waiting<Submission>[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(this.#waiting.length, ROUND_ENTRIES); count++) {
      bytes += this.#waiting[count]?.bytes ?? 0;
      if (bytes > this.roundBytes && count > 0) break;
    }
    return this.#waiting.splice(0, count);
  }

  /** Back to the front: a round that could not be committed as it was. */
  putBack(entries: readonly Waiting<Submission>[]): void {
    this.#waiting.unshift(...entries);
  }

  /** Answers the entries that are in the log by now: another writer logged them. */
  settle(find: (dedupeKey: DedupeKey) => Sequenced | undefined): void {
    this.#waiting = this.#waiting.filter((entry) => {
      const known = find(entry.dedupeKey);
      if (known) entry.resolve(known);
      return !known;
    });
  }

  rejectAll(error: unknown): void {
    for (const entry of this.#waiting.splice(0)) entry.reject(error);
  }
}
