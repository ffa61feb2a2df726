import { ORIGIN_PREFIX_DIGITS, originPrefix, type HeldHead } from './held-head.js';
import { HeldHeads } from './held-heads.js';

/** The heads of each log, by the start of the hash of its origin, with which the IDs of all its heads begin. */
export class HeldLogs {
  readonly #byPrefix = new Map<string, HeldHeads>();

  get size(): number {
    return this.#byPrefix.size;
  }

  find(origin: string): HeldHeads | undefined {
    return this.#byPrefix.get(originPrefix(origin));
  }

  head(id: string): HeldHead | undefined {
    return this.#byPrefix.get(id.slice(0, ORIGIN_PREFIX_DIGITS))?.get(id);
  }

  /** `origin` is kept: better not one that was cut out of a message, which would keep all of it. */
  add(origin: string): HeldHeads {
    const held = new HeldHeads(origin);
    this.#byPrefix.set(originPrefix(origin), held);
    return held;
  }

  all(): Iterable<HeldHeads> {
    return this.#byPrefix.values();
  }
}
