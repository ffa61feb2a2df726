/** Remembers that something was seen, as long as few enough other things were seen since. */
export class Recent {
  readonly #names = new Set<string>();

  constructor(private readonly limit: number) {}

  has(name: string): boolean {
    return this.#names.has(name);
  }

  add(name: string): void {
    this.#names.delete(name);
    this.#names.add(name);
    if (this.#names.size <= this.limit) return;
    for (const oldest of this.#names) {
      this.#names.delete(oldest);
      return;
    }
  }
}
