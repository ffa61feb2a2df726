/** How many places there are for one name that is remembered: others rarely push it out. */
const PLACES_PER_NAME = 4;

/**
 * Tells which hashes come again within so many calls, in a table of numbers and without keeping anything of them. Two that
 * share a place forget each other, so it may miss one: for deciding what is worth keeping, not for anything that must be right.
 */
export class Frequent {
  readonly #tags: Uint32Array;
  readonly #calls: Float64Array;
  #count = 0;

  constructor(private readonly within: number) {
    this.#tags = new Uint32Array(within * PLACES_PER_NAME);
    this.#calls = new Float64Array(within * PLACES_PER_NAME).fill(-within - 1);
  }

  /** Whether this hash (hex) was here not long ago. */
  again(hash: string): boolean {
    const place = Number.parseInt(hash.slice(0, 8), 16) % this.#tags.length;
    const tag = Number.parseInt(hash.slice(8, 16), 16);
    const call = ++this.#count;
    const came = this.#tags[place] === tag && call - (this.#calls[place] ?? 0) <= this.within;
    this.#tags[place] = tag;
    this.#calls[place] = call;
    return came;
  }
}
