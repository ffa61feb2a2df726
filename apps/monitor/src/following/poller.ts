import { Turnstile } from './turnstile.js';

const JITTER = 0.2;
const BACKOFF_MAX_MS = 5 * 60_000;
/** Polls at once: in all, and of one log, so that a log with many slow addresses holds up nobody but itself. */
const AT_ONCE = 32;
const AT_ONCE_OF_A_LOG = 4;
/** The first polls are spread over at most this long. */
const FIRST_WITHIN_MS = 2_000;

export interface PollJob {
  /** Jobs of one group share a few places. */
  readonly group: string;
  /** True if it went well; otherwise the next time comes later and later. Must not throw. */
  readonly poll: (signal: AbortSignal) => Promise<boolean>;
}

/** Polls each address at its own pace. */
export class Poller {
  readonly #stop = new AbortController();
  readonly #turnstile = new Turnstile(AT_ONCE, AT_ONCE_OF_A_LOG);
  readonly #timers = new Map<PollJob, NodeJS.Timeout>();
  readonly #running = new Set<Promise<void>>();

  constructor(
    private readonly jobs: readonly PollJob[],
    private readonly intervalMs: number,
    private readonly random: () => number = Math.random,
  ) {}

  begin(): void {
    const within = Math.min(FIRST_WITHIN_MS, this.intervalMs, this.jobs.length * 20);
    for (const job of this.jobs) this.#schedule(job, this.random() * within, 0);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#running);
  }

  #schedule(job: PollJob, delayMs: number, failures: number): void {
    if (this.#stop.signal.aborted) return;
    const timer = setTimeout(() => {
      const run = this.#run(job, failures);
      this.#running.add(run);
      void run.finally(() => this.#running.delete(run));
    }, delayMs).unref();
    this.#timers.set(job, timer);
  }

  async #run(job: PollJob, failures: number): Promise<void> {
    const { signal } = this.#stop;
    const well = await this.#turnstile.through(job.group, async () => !signal.aborted && job.poll(signal));
    const now = well ? 0 : failures + 1;
    this.#schedule(job, pauseMs(this.intervalMs, now) * (1 + JITTER * (2 * this.random() - 1)), now);
  }
}

/** The interval, twice as long after each failure but the first; never below the interval. */
export function pauseMs(intervalMs: number, failures: number): number {
  const longest = Math.max(intervalMs, BACKOFF_MAX_MS);
  return Math.min(longest, intervalMs * 2 ** Math.min(30, Math.max(0, failures - 1)));
}
