import { ORIGIN_PREFIX_DIGITS, originPrefix, type HeldHead } from './held-head.js';
import { HeldHeads } from './held-heads.js';

/** The heads of each log, by the start of the hash of its origin, with which the IDs of all its heads begin. */
export class HeldLogs {
  readonly #byPrefix = new Map<string, HeldHeads>();
  /** By origin: logs whose prefix another one has. Two such origins can be made on purpose, and one must not hide the other. */
  readonly #twins = new Map<string, HeldHeads>();

  constructor(private readonly prefixOf: (origin: string) => string = originPrefix) {}

  get size(): number {
    return this.#byPrefix.size + this.#twins.size;
  }

  find(origin: string): HeldHeads | undefined {
    const held = this.#byPrefix.get(this.prefixOf(origin));
    return held === undefined || held.origin === origin ? held : this.#twins.get(origin);
  }

  head(id: string): HeldHead | undefined {
    const head = this.#byPrefix.get(id.slice(0, ORIGIN_PREFIX_DIGITS))?.get(id);
    if (head !== undefined) return head;
    for (const twin of this.#twins.values()) {
      const found = twin.get(id);
      if (found) return found;
    }
    return undefined;
  }

  /** `origin` is kept: better not one that was cut out of a message, which would keep all of it. */
  add(origin: string): HeldHeads {
    const prefix = this.prefixOf(origin);
    const isTwin = this.#byPrefix.has(prefix);
    const held = new HeldHeads(origin, isTwin);
    if (isTwin) this.#twins.set(origin, held);
    else this.#byPrefix.set(prefix, held);
    return held;
  }

  *all(): Iterable<HeldHeads> {
    yield* this.#byPrefix.values();
    yield* this.#twins.values();
  }
}
