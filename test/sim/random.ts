const { cos, exp, floor, imul, log, PI, sqrt } = Math;

/** A delay in milliseconds: lognormal, or drawn from measured samples. */
export type Delay =
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number }
  | { readonly kind: 'samples'; readonly ms: readonly number[] };

/** Seeded random numbers (sfc32): the same seed gives the same run on every machine. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = imul(seed ^ 0x9e3779b9, 0x85ebca6b);
    this.#c = imul(seed ^ 0xc2b2ae35, 0x27d4eb2f);
    for (let i = 0; i < 16; i++) this.next(); // neighbouring seeds must not give neighbouring numbers
  }

  /** In [0, 1). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, n). */
  int(n: number): number {
    return floor(this.next() * n);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.next() < probability;
  }

  exponential(mean: number): number {
    return -mean * log(1 - this.next());
  }

  delay(delay: Delay): number {
    if (delay.kind === 'samples') return delay.ms[this.int(delay.ms.length)] ?? 0;
    if (delay.sigma === 0) return delay.medianMs;
    const normal = sqrt(-2 * log(1 - this.next())) * cos(2 * PI * this.next());
    return delay.medianMs * exp(delay.sigma * normal);
  }

  /** In place. */
  shuffle(items: number[]): number[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const item = items[i] ?? 0;
      items[i] = items[j] ?? 0;
      items[j] = item;
    }
    return items;
  }
}
