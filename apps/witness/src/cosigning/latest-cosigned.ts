/** The origins that were cosigned since the start, in the order of their last cosignature: for people to look at. */
export class LatestCosigned {
  readonly #origins = new Set<string>();

  get count(): number {
    return this.#origins.size;
  }

  add(origin: string): void {
    this.#origins.delete(origin);
    this.#origins.add(origin);
  }

  /** Newest first. */
  newest(most: number): string[] {
    return [...this.#origins].slice(-most).toReversed();
  }
}
