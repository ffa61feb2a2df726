import { ServiceError, fetchCosignedCheckpoint } from '#libs/client';
import { CodedError } from '#libs/crypto';
import type { Logger } from 'pino';
import type { LogDirectory } from './known-log.js';
import type { Observer } from './observer.js';

export interface PulledWitness {
  /** For messages. */
  readonly name: string;
  /** Its monitoring prefix: tlog-witness, "Monitor Retrieval Mechanism". */
  readonly url: string;
}

export interface PullTuning {
  /** Of one round, ± half of it. */
  readonly intervalMs: number;
  /** Witnesses asked in a round, and logs that each is asked for, chosen at random. */
  readonly witnesses: number;
  readonly origins: number;
}

export const DEFAULT_PULL: PullTuning = { intervalMs: 10 * 60_000, witnesses: 2, origins: 8 };
const FETCH_TIMEOUT_MS = 10_000;

/**
 * Asks other witnesses over HTTP, at random times, what they have cosigned. It has nothing in common with gossip, so that
 * whoever surrounds this node in the one network has not cut it off.
 */
export class WitnessPull {
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(
    private readonly witnesses: readonly PulledWitness[],
    private readonly logs: LogDirectory,
    private readonly observer: Observer,
    private readonly logger: Logger,
    private readonly tuning: PullTuning = DEFAULT_PULL,
  ) {
    if (witnesses.length > 0) this.#schedule();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#round;
  }

  #schedule(): void {
    const delay = this.tuning.intervalMs * (0.5 + Math.random());
    this.#timer = setTimeout(() => {
      this.#round = this.#pull().finally(() => {
        if (!this.#stop.signal.aborted) this.#schedule();
      });
    }, delay).unref();
  }

  async #pull(): Promise<void> {
    const origins = someOf([...this.logs.origins()], this.tuning.origins);
    for (const witness of someOf(this.witnesses, this.tuning.witnesses)) {
      for (const origin of origins) if (!(await this.#pullOne(witness, origin))) break;
    }
  }

  /** False if the witness can't be reached: not asked again in this round. */
  async #pullOne({ name, url }: PulledWitness, origin: string): Promise<boolean> {
    try {
      const options = { signal: this.#stop.signal, timeoutMs: FETCH_TIMEOUT_MS, tries: 1 };
      const note = await fetchCosignedCheckpoint(url, origin, options);
      if (note) this.observer.observe(note, url);
      return true;
    } catch (error) {
      if (this.#stop.signal.aborted) return false;
      // Nobody waits for a round: what it throws would end the process.
      if (!(error instanceof CodedError)) this.logger.error({ err: error, witness: name, origin }, 'a pull failed');
      else this.logger.debug({ witness: name, origin, code: error.code }, 'a witness could not be asked');
      return !(error instanceof ServiceError);
    }
  }
}

function someOf<T>(all: readonly T[], count: number): T[] {
  const left = [...all];
  const chosen: T[] = [];
  while (chosen.length < count && left.length > 0) {
    chosen.push(...left.splice(Math.floor(Math.random() * left.length), 1));
  }
  return chosen;
}
