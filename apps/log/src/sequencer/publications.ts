import { LogError } from '../log-error.js';

/** A checkpoint that everybody may see: its tiles can be read, and it has its quorum. */
export interface PublishedCheckpoint {
  readonly size: bigint;
  readonly root: Uint8Array;
  /** The note with the log's signature and the cosignatures. */
  readonly note: Uint8Array;
}

interface Waiter {
  readonly index: bigint;
  readonly resolve: (published: PublishedCheckpoint) => void;
}

/** The newest published checkpoint, and those who wait for one. */
export class Publications {
  #current: PublishedCheckpoint | undefined;
  readonly #waiters = new Set<Waiter>();

  get current(): PublishedCheckpoint | undefined {
    return this.#current;
  }

  publish(checkpoint: PublishedCheckpoint): void {
    this.#current = checkpoint;
    for (const waiter of this.#waiters) {
      if (waiter.index >= checkpoint.size) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(checkpoint);
    }
  }

  /**
   * The newest published checkpoint whose tree holds entry `index`.
   * @throws LogError no-quorum when there is none within `timeoutMs`
   */
  covering(index: bigint, timeoutMs: number): Promise<PublishedCheckpoint> {
    if (this.#current && index < this.#current.size) return Promise.resolve(this.#current);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        index,
        resolve: (published) => {
          clearTimeout(timer);
          resolve(published);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        const late = `no checkpoint that covers it was published within ${timeoutMs} ms`;
        reject(new LogError('no-quorum', `the entry is logged at index ${index}, but ${late}; try again`));
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }
}
