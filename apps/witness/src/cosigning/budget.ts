const DAY_MS = 86_400_000;
/** Whoever was away catches up: as many checkpoints at once as are due in an hour, and never fewer than these. */
const BURST_MIN = 16;
/** How often buckets that are full again are thrown away: a full one is as good as none. */
const SWEEP_MS = 3_600_000;

/**
 * How many checkpoints a log may bring per day: a token bucket for each. Only a new checkpoint that would be cosigned takes a
 * token: to make one takes the log's key, and each counts once, so nobody can use up the budget of a log by repeating what
 * it has said.
 */
export class Budget {
  /** When each bucket will be full again: one number says all of it, and there are as many as there are logs. */
  readonly #fullAt = new Map<string, number>();

  #latest = -Infinity;
  #sweptAt = 0;

  /** Undefined when a token was taken; else the milliseconds until there is one. `now` in milliseconds, of any clock. */
  take(origin: string, perDay: number, now: number): number | undefined {
    // A clock that is set back takes nothing away.
    this.#latest = Math.max(this.#latest, now);
    if (this.#latest - this.#sweptAt > SWEEP_MS) this.#sweep();
    const tokenMs = DAY_MS / perDay;
    const fullAt = Math.max(this.#fullAt.get(origin) ?? 0, this.#latest);
    const waitMs = fullAt + tokenMs - this.#latest - Math.max(BURST_MIN, perDay / 24) * tokenMs;
    // Less than a millisecond is what sums of fractions come to.
    if (waitMs >= 1) return Math.ceil(waitMs);
    this.#fullAt.set(origin, fullAt + tokenMs);
    return undefined;
  }

  #sweep(): void {
    this.#sweptAt = this.#latest;
    for (const [origin, fullAt] of this.#fullAt) {
      if (fullAt <= this.#latest) this.#fullAt.delete(origin);
    }
  }
}
