import { LogError } from '../log-error.js';

/** So long may admissions have the thread, before everything else that waits for it has its turn. */
const TURN_MS = 1;
/** While more wait, what was admitted is handed on this often. */
const HAND_ON_MS = 20;

/**
 * Takes admissions one after the other, a few in each turn of the event loop. A signature takes a third of a millisecond:
 * a hundred requests that come at once would keep the thread from every step of the checkpoint under way, of which each
 * file, the store and each witness is several.
 *
 * What is admitted goes on together, so that it shares a commit: as soon as nobody waits any more, which for a lone request
 * is at once, and every few milliseconds under load.
 */
export class Admissions {
  readonly #waiting: (() => () => void)[] = [];
  #running = false;

  /** @param limit more than this don't wait: the client is asked to come back */
  constructor(private readonly limit: number) {}

  /** What `admit` gives or throws, when it is its turn. @throws LogError pool-full */
  run<T>(admit: () => T): Promise<T> {
    if (this.#waiting.length >= this.limit) {
      const busy = `${this.limit} requests wait to be verified; try again in a second`;
      return Promise.reject(new LogError('pool-full', busy));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          const admitted = admit();
          return () => resolve(admitted);
        } catch (error) {
          return () => reject(error);
        }
      });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    let decided: (() => void)[] = [];
    let handedOn = performance.now();
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const until = performance.now() + TURN_MS;
      do {
        const next = this.#waiting.shift();
        if (next) decided.push(next());
      } while (this.#waiting.length > 0 && performance.now() < until);
      if (this.#waiting.length > 0 && performance.now() < handedOn + HAND_ON_MS) continue;
      for (const tell of decided) tell();
      decided = [];
      handedOn = performance.now();
    }
    this.#running = false;
  }
}
