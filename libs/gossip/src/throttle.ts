import { equalBytes } from '#libs/crypto';
import { Budgets } from './budget.js';

/** A log may sign many times a second; the network hears of its newest head about once. */
const HEADS_PER_SECOND = 1;
const HEADS_BURST = 5;
/** What may contradict something goes out at once, but true heads of long ago must not have us flood others. */
const URGENT_PER_SECOND = 1;
const URGENT_BURST = 20;
const ORIGINS = 65_536;
const FLUSH_MS = 250;

/**
 * Publishes the newest head of each log, at most so often. A head that nothing links to the others goes out at once; those
 * that are too many are left to anti-entropy, which carries whatever is not linked by then.
 */
export class Throttle {
  readonly #budgets: Budgets;
  readonly #urgent: Budgets;
  readonly #waiting = new Map<string, Uint8Array>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly publish: (note: Uint8Array) => void,
    now: () => number,
  ) {
    this.#budgets = new Budgets(HEADS_PER_SECOND, HEADS_BURST, ORIGINS, now);
    this.#urgent = new Budgets(URGENT_PER_SECOND, URGENT_BURST, ORIGINS, now);
  }

  head(origin: string, note: Uint8Array, urgent: boolean): void {
    if (urgent) {
      if (this.#urgent.take(origin)) this.publish(note);
      return;
    }
    if (this.#budgets.take(origin)) {
      this.publish(note);
      return;
    }
    // Each waiting head is a prefix of the one that takes its place: our own anchor, verified.
    this.#waiting.set(origin, note);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Whether the head is still to be published. */
  waits(origin: string, note: Uint8Array): boolean {
    const waiting = this.#waiting.get(origin);
    return waiting !== undefined && equalBytes(waiting, note);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#timer = undefined;
    for (const [origin, note] of this.#waiting) {
      if (!this.#budgets.take(origin)) continue;
      this.#waiting.delete(origin);
      this.publish(note);
    }
    if (this.#waiting.size > 0) this.#timer = setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }
}
