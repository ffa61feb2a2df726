/** Tokens that come back with time, for as many names as fit: the one that was used longest ago is forgotten. */
export class Budgets {
  /** In the order of their last use. */
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private readonly names: number,
    private readonly now: () => number,
  ) {}

  /** Takes a token of `name`; false if there is none. `share` scales what the name gets. */
  take(name: string, share: number = 1): boolean {
    const atMs = this.now();
    const burst = this.burst * share;
    const bucket = this.#buckets.get(name);
    const elapsed = bucket ? Math.max(0, atMs - bucket.atMs) / 1000 : 0;
    const tokens = bucket ? Math.min(burst, bucket.tokens + elapsed * this.perSecond * share) : burst;
    const taken = tokens >= 1;
    this.#buckets.delete(name);
    this.#buckets.set(name, { tokens: taken ? tokens - 1 : tokens, atMs });
    if (this.#buckets.size > this.names) this.#buckets.delete(this.#oldest());
    return taken;
  }

  #oldest(): string {
    for (const name of this.#buckets.keys()) return name;
    return '';
  }
}
