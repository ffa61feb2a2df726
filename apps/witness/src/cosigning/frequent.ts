/** How many places there are for one name that is remembered: others rarely push it out. */
const PLACES_PER_NAME = 4;
/** Names whose hashes begin alike share so many places. With one each, every eighth would lose its own to another all the time. */
const WAYS = 4;

/**
 * Tells which hashes come again within so many calls, in a table of numbers and without keeping anything of them. More than
 * four that share their places forget each other, so it may miss one: for deciding what is worth keeping, not for anything
 * that must be right.
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
    const first = (Number.parseInt(hash.slice(0, 8), 16) % (this.#tags.length / WAYS)) * WAYS;
    const tag = Number.parseInt(hash.slice(8, 16), 16);
    const call = ++this.#count;
    let place = first;
    for (let way = first; way < first + WAYS; way++) {
      if (this.#tags[way] === tag) {
        place = way;
        break;
      }
      if ((this.#calls[way] ?? 0) < (this.#calls[place] ?? 0)) place = way;
    }
    const came = this.#tags[place] === tag && call - (this.#calls[place] ?? 0) <= this.within;
    this.#tags[place] = tag;
    this.#calls[place] = call;
    return came;
  }
}
