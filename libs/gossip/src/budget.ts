interface Bucket {
  readonly tokens: number;
  readonly atMs: number;
}

/** Full buckets that are dropped at each use: more than one, so that they get fewer. */
const DROPPED_AT_ONCE = 2;

/**
 * Tokens that come back with time, for as many names as fit: the one that was used longest ago is forgotten, and so is a
 * bucket that is full again, which is as good as none.
 */
export class Budgets {
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();
  readonly #fullAfterMs: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly names: number,
    private readonly now: () => number,
  ) {
    this.#fullAfterMs = (burst / perSecond) * 1000;
  }

  /** Takes a token of `name`; false if there is none. `share` (≥ 1) scales what the name gets: its rate, and its burst. */
  take(name: string, share: number = 1, burstShare: number = share): boolean {
    const atMs = this.now();
    const burst = this.burst * burstShare;
    const bucket = this.#buckets.get(name);
    const elapsed = bucket ? Math.max(0, atMs - bucket.atMs) / 1000 : 0;
    const tokens = bucket ? Math.min(burst, bucket.tokens + elapsed * this.perSecond * share) : burst;
    const taken = tokens >= 1;
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens: taken ? tokens - 1 : tokens, atMs });
    this.#drop(atMs);
    return taken;
  }

  #drop(nowMs: number): void {
    let dropped = 0;
    for (const [name, { atMs }] of this.#buckets) {
      if (this.#buckets.size <= this.names && nowMs - atMs < this.#fullAfterMs) return;
      this.#buckets.delete(name);
      if (++dropped === DROPPED_AT_ONCE) return;
    }
  }
}
