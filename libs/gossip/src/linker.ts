import type { HeldHeads } from './held-heads.js';
import type { KnownLog } from './known-log.js';
import { Pass, type PassOptions } from './linking-pass.js';
import { TileSource } from './tile-sources.js';

/** Logs that are looked at side by side. */
const PASSES_AT_ONCE = 8;
/** For all that is fetched from one source in one pass: one that lets us wait must not take the time of the others. */
const PASS_TIMEOUT_MS = 20_000;
/** A first look at once; then patience, as long as nothing comes of it. */
const BACKOFF_MS = [0, 1_000, 2_000, 5_000, 15_000, 60_000, 300_000] as const;
/** A head that is new is not made to wait because of others that can't be linked. */
const NEWS_MS = 2_000;

export interface LinkerOptions extends PassOptions {
  readonly find: (origin: string) => { readonly log: KnownLog; readonly held: HeldHeads } | undefined;
  readonly backoffMs?: readonly number[];
}

interface Turn {
  failures: number;
  timer: NodeJS.Timeout | undefined;
  running: boolean;
  again: boolean;
  /** A head has come since the last pass began. */
  news: boolean;
  endedAt: number;
}

/** `progress`: some of the heads were linked, and others were not, as with a copy of a log that lags behind. */
type Outcome = 'done' | 'progress' | 'nothing';

/**
 * Finds out what heads of different sizes have to do with each other: reads the tree of the larger one from whoever has its
 * tiles. A head that is proven to be a prefix of one that stays is forgotten; one that is proven not to be is evidence.
 */
export class Linker {
  readonly #turns = new Map<string, Turn>();
  /** Those that are looked at for the first time, and those of which nothing has come yet: each kind has its turn. */
  readonly #lanes: readonly [string[], string[]] = [[], []];
  #lane: 0 | 1 = 0;
  readonly #stop = new AbortController();
  #running = 0;

  constructor(private readonly options: LinkerOptions) {}

  /** To be called when there is something to compare. `news`: a loose head that nobody has looked at. */
  request(origin: string, news: boolean): void {
    const turn = this.#turns.get(origin) ?? newTurn();
    this.#turns.set(origin, turn);
    turn.news ||= news;
    if (turn.running) turn.again = true;
    else this.#schedule(origin, turn);
  }

  /** Origins whose heads nothing could link so far. */
  get pending(): number {
    return this.#turns.size;
  }

  close(): void {
    this.#stop.abort();
    for (const { timer } of this.#turns.values()) clearTimeout(timer);
    this.#turns.clear();
  }

  #schedule(origin: string, turn: Turn): void {
    const { backoffMs = BACKOFF_MS } = this.options;
    const patience = backoffMs[Math.min(turn.failures, backoffMs.length - 1)] ?? 0;
    const hurries = turn.news && patience > NEWS_MS;
    if (this.#stop.signal.aborted || (turn.timer !== undefined && !hurries)) return;
    clearTimeout(turn.timer);
    const delay = hurries ? Math.max(0, turn.endedAt + NEWS_MS - performance.now()) : patience;
    turn.timer = setTimeout(() => {
      turn.timer = undefined;
      this.#lanes[turn.failures === 0 ? 0 : 1].push(origin);
      this.#next();
    }, delay).unref();
  }

  #next(): void {
    while (this.#running < PASSES_AT_ONCE) {
      this.#lane = this.#lane === 0 ? 1 : 0;
      const origin = this.#lanes[this.#lane].shift() ?? this.#lanes[this.#lane === 0 ? 1 : 0].shift();
      if (origin === undefined) return;
      const turn = this.#turns.get(origin);
      if (turn === undefined || turn.running) continue;
      this.#running++;
      turn.running = true;
      void this.#run(origin, turn).finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }

  async #run(origin: string, turn: Turn): Promise<void> {
    turn.again = false;
    turn.news = false;
    let outcome: Outcome = 'nothing';
    try {
      outcome = await this.#pass(origin);
    } catch (error) {
      if (!this.#stop.signal.aborted) this.options.logger.error({ err: error, origin }, 'could not compare heads');
    }
    turn.running = false;
    turn.endedAt = performance.now();
    turn.failures = { done: 0, progress: 1, nothing: turn.failures + 1 }[outcome];
    if (outcome === 'done' && !turn.again) this.#turns.delete(origin);
    else this.#schedule(origin, turn);
  }

  async #pass(origin: string): Promise<Outcome> {
    const found = this.options.find(origin);
    if (found === undefined) return 'done';
    const { log, held } = found;
    const before = held.waiting();
    for (const url of log.sources) {
      if (!held.needsProof()) break;
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PASS_TIMEOUT_MS)]);
      await new Pass(log, held, new TileSource(url, signal), this.options).run();
    }
    if (!held.needsProof()) return 'done';
    const after = new Set(held.waiting());
    return before.some((head) => !after.has(head)) ? 'progress' : 'nothing';
  }
}

function newTurn(): Turn {
  return { failures: 0, timer: undefined, running: false, again: false, news: false, endedAt: -Infinity };
}
