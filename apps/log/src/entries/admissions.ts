import { LogError } from '../log-error.js';

/** So long may admissions have the thread, before everything else that waits for it has its turn. */
const TURN_MS = 1;

/**
 * Takes admissions one after the other, a few in each turn of the event loop. A signature takes a third of a millisecond:
 * a hundred requests that come at once would keep the thread from every step of the checkpoint under way, of which each
 * file, the store and each witness is several.
 */
export class Admissions {
  readonly #waiting: (() => void)[] = [];
  #running = false;

  /** @param limit more than this don't wait: the client is asked to come back */
  constructor(private readonly limit: number) {}

  /** What `admit` gives or throws, when it is its turn. @throws LogError pool-full */
  async run<T>(admit: () => T): Promise<T> {
    if (this.#waiting.length >= this.limit) {
      throw new LogError('pool-full', `${this.limit} requests wait to be verified; try again in a second`);
    }
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.#running) void this.#run();
    await turn;
    return admit();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const until = performance.now() + TURN_MS;
      do {
        this.#waiting.shift()?.();
        await Promise.resolve(); // the admission that was let in runs before this goes on
      } while (this.#waiting.length > 0 && performance.now() < until);
    }
    this.#running = false;
  }
}
