/** Lets so many in at once, and of each group not more than its share: one slow group never keeps the others waiting. */
export class Turnstile {
  #inside = 0;
  readonly #ofGroup = new Map<string, number>();
  readonly #waiting: { readonly group: string; readonly enter: () => void }[] = [];

  constructor(
    private readonly limit: number,
    private readonly groupLimit: number,
  ) {}

  /** Runs the work when there is room. */
  async through<T>(group: string, work: () => Promise<T>): Promise<T> {
    if (!this.#hasRoom(group)) await new Promise<void>((enter) => this.#waiting.push({ group, enter }));
    else this.#count(group, 1);
    try {
      return await work();
    } finally {
      this.#count(group, -1);
      this.#next();
    }
  }

  #next(): void {
    const index = this.#waiting.findIndex(({ group }) => this.#hasRoom(group));
    const [next] = index === -1 ? [] : this.#waiting.splice(index, 1);
    if (next === undefined) return;
    this.#count(next.group, 1);
    next.enter();
  }

  #hasRoom(group: string): boolean {
    return this.#inside < this.limit && (this.#ofGroup.get(group) ?? 0) < this.groupLimit;
  }

  #count(group: string, by: 1 | -1): void {
    this.#inside += by;
    const left = (this.#ofGroup.get(group) ?? 0) + by;
    if (left === 0) this.#ofGroup.delete(group);
    else this.#ofGroup.set(group, left);
  }
}
