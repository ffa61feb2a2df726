import { Budgets } from './budget.js';

/** A log may sign many times a second; the network hears of its newest head about once. */
const HEADS_PER_SECOND = 1;
const HEADS_BURST = 5;
const ORIGINS = 65_536;
const FLUSH_MS = 250;

/** Publishes the newest head of each log, at most so often. A head that nothing links to the others goes out at once. */
export class Throttle {
  readonly #budgets: Budgets;
  readonly #waiting = new Map<string, Uint8Array>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly publish: (note: Uint8Array) => void,
    now: () => number,
  ) {
    this.#budgets = new Budgets(HEADS_PER_SECOND, HEADS_BURST, ORIGINS, now);
  }

  head(origin: string, note: Uint8Array, urgent: boolean): void {
    if (urgent || this.#budgets.take(origin)) {
      this.publish(note);
      return;
    }
    // Each waiting head is a prefix of the one that takes its place: our own anchor, verified.
    this.#waiting.set(origin, note);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
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
