const DAY_MS = 86_400_000;
/** Whoever was away catches up: as many checkpoints at once as are due in an hour, and never fewer than these. */
const BURST_MIN = 16;
/** How often buckets that are full again are thrown away: a full one is as good as none. */
const SWEEP_MS = 3_600_000;

interface Bucket {
  readonly perDay: number;
  readonly tokens: number;
  readonly at: number;
}

/**
 * How many checkpoints a log may bring per day: a token bucket for each. Only a new checkpoint that would be cosigned takes a
 * token: to make one takes the log's key, and each counts once, so nobody can use up the budget of a log by repeating what
 * it has said.
 */
export class Budget {
  readonly #buckets = new Map<string, Bucket>();

  #sweptAt = 0;

  /** Undefined when a token was taken; else the milliseconds until there is one. `now` in milliseconds. */
  take(origin: string, perDay: number, now: number): number | undefined {
    if (now - this.#sweptAt > SWEEP_MS) this.#sweep(now);
    const bucket = this.#buckets.get(origin) ?? { perDay, tokens: burst(perDay), at: now };
    const tokens = tokensAt(bucket, now);
    if (tokens < 1) return Math.ceil(((1 - tokens) / perDay) * DAY_MS);
    this.#buckets.set(origin, { perDay, tokens: tokens - 1, at: now });
    return undefined;
  }

  #sweep(now: number): void {
    this.#sweptAt = now;
    for (const [origin, bucket] of this.#buckets) {
      if (tokensAt(bucket, now) === burst(bucket.perDay)) this.#buckets.delete(origin);
    }
  }
}

/** A clock that is set back takes nothing away. */
function tokensAt({ perDay, tokens, at }: Bucket, now: number): number {
  return Math.min(burst(perDay), tokens + (Math.max(0, now - at) / DAY_MS) * perDay);
}

function burst(perDay: number): number {
  return Math.max(BURST_MIN, perDay / 24);
}
