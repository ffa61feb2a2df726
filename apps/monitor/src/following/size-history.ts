const SAMPLES = 32;

/** How large a log was when, for as far back as it is asked, in a few samples. */
export class SizeHistory {
  #samples: readonly { readonly size: bigint; readonly atMs: number }[] = [];

  constructor(private readonly spanMs: number) {}

  /** Smaller sizes than one that it had before are passed over. */
  add(size: bigint, atMs: number): void {
    const last = this.#samples.at(-1);
    if (last && size <= last.size) return;
    // Rather later than it was than earlier: nobody is to be called late who is not.
    const close = this.#samples.at(-2);
    const kept =
      last && close && last.atMs - close.atMs < this.spanMs / SAMPLES ? this.#samples.slice(0, -1) : this.#samples;
    const samples = [...kept, { size, atMs }];
    const needed = samples.findLastIndex((sample) => atMs - sample.atMs >= this.spanMs);
    this.#samples = needed > 0 ? samples.slice(needed) : samples;
  }

  /** The largest size that it is known to have had `spanMs` ago; 0 when that is not known. */
  longAgo(nowMs: number): bigint {
    return this.#samples.findLast(({ atMs }) => nowMs - atMs >= this.spanMs)?.size ?? 0n;
  }
}
