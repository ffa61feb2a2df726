import type { Logger } from 'pino';
import { relateHeads, type Evidence, type SignedHead } from '#libs/evidence';
import type { HeldHead } from './held-head.js';
import type { HeldHeads } from './held-heads.js';
import type { KnownLog } from './known-log.js';
import { TileSource } from './tile-sources.js';

/** Logs that are looked at side by side. */
const PASSES_AT_ONCE = 8;
/** For all that is fetched from one source in one pass: one that lets us wait must not take the time of the others. */
const PASS_TIMEOUT_MS = 20_000;
/** Heads above everything else, each of which needs tiles of its own size. */
const HEADS_OF_THEIR_OWN = 4;
/** A first look at once; then patience, as long as nothing comes of it. */
const BACKOFF_MS = [0, 1_000, 2_000, 5_000, 15_000, 60_000, 300_000] as const;
/** A head that is new is not made to wait because of others that can't be linked. */
const NEWS_MS = 2_000;

export interface LinkerOptions {
  readonly find: (origin: string) => { readonly log: KnownLog; readonly held: HeldHeads } | undefined;
  /** The head with its key. */
  readonly open: (held: HeldHead, log: KnownLog) => SignedHead;
  /** The checkpoint that a source shows: a head like any other. What of it is held afterwards. */
  readonly shown: (note: Uint8Array, log: KnownLog, url: string) => HeldHead[];
  readonly convict: (evidence: Evidence) => void;
  /** A verified proof links it to a head that stays. */
  readonly forget: (held: HeldHeads, id: string) => void;
  /** Called after a pass. */
  readonly changed: (held: HeldHeads) => void;
  readonly logger: Logger;
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
type Relation = Awaited<ReturnType<typeof relateHeads>>['kind'];

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
      if (!held.needsLinking()) break;
      const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PASS_TIMEOUT_MS)]);
      await new Pass(log, held, new TileSource(url, signal), this.options).run();
    }
    if (!held.needsLinking()) return 'done';
    const after = new Set(held.waiting());
    return before.some((head) => !after.has(head)) ? 'progress' : 'nothing';
  }
}

function newTurn(): Turn {
  return { failures: 0, timer: undefined, running: false, again: false, news: false, endedAt: -Infinity };
}

/** One look at one copy of a log. */
class Pass {
  constructor(
    private readonly log: KnownLog,
    private readonly held: HeldHeads,
    private readonly source: TileSource,
    private readonly options: LinkerOptions,
  ) {}

  async run(): Promise<void> {
    const keyIds = new Set(this.held.loose.map(({ keyId }) => keyId));
    let shown: HeldHead[] | undefined;
    for (const keyId of keyIds) {
      const anchor = this.held.anchor(keyId);
      // What is below our own anchor needs the tiles of the anchor only.
      if (anchor)
        await this.#relateAll(
          anchor,
          this.#loose(keyId, ({ size }) => size < anchor.size),
        );
      if (this.held.unlinked(keyId).length === 0) continue;

      // One tree that holds them all: the one that the source shows to everybody.
      shown ??= await this.#shown();
      const pivot = shown.find((head) => head.keyId === keyId);
      if (pivot && anchor && pivot.size < anchor.size) await this.#relateAll(anchor, [pivot]);
      else if (pivot) await this.#relateTo(pivot, keyId);

      const top = this.#loose(keyId, ({ id }) => id !== anchor?.id).sort((a, b) => (a.size < b.size ? 1 : -1));
      // The largest, which may hold the others; and of those some, or larger ones without tiles would hide it for good.
      const [largest, ...others] = top;
      const chosen = largest === undefined ? [] : [largest, ...shuffled(others).slice(0, HEADS_OF_THEIR_OWN - 1)];
      for (const head of chosen) {
        if (this.held.get(head.id)) await this.#relateTo(head, keyId);
      }
    }
    this.options.changed(this.held);
  }

  #loose(keyId: string, wanted: (head: HeldHead) => boolean): HeldHead[] {
    return shuffled(this.held.unlinked(keyId).filter(wanted));
  }

  async #shown(): Promise<HeldHead[]> {
    try {
      return this.options.shown(await this.source.checkpoint(), this.log, this.source.url);
    } catch (error) {
      this.options.logger.debug({ err: error, url: this.source.url }, 'a copy of a log shows no checkpoint');
      return [];
    }
  }

  /** Heads below the anchor: those that are its prefixes are forgotten. */
  async #relateAll(anchor: HeldHead, heads: readonly HeldHead[]): Promise<void> {
    for (const head of heads) {
      if ((await this.#relate(head, anchor)) === 'consistent') this.options.forget(this.held, head.id);
    }
  }

  /** Everything that is not larger than `pivot`, the anchor too. What is its prefix is forgotten, since the pivot stays. */
  async #relateTo(pivot: HeldHead, keyId: string): Promise<void> {
    const anchor = this.held.anchor(keyId);
    const linksAnchor =
      anchor !== undefined &&
      (anchor.id === pivot.id || (anchor.size <= pivot.size && (await this.#relate(anchor, pivot)) === 'consistent'));
    const smaller = this.#loose(keyId, ({ id, size }) => id !== pivot.id && size <= pivot.size);
    const prefixes: HeldHead[] = [];
    for (const head of smaller) {
      if ((await this.#relate(head, pivot)) === 'consistent') prefixes.push(head);
    }
    // The anchor may have moved on meanwhile: then the pivot has to be linked to the new one, which the next pass does.
    if (linksAnchor && this.held.anchor(keyId)?.id === anchor.id) pivot.linkedTo = anchor.id;
    if (this.held.get(pivot.id)) for (const head of prefixes) this.options.forget(this.held, head.id);
  }

  async #relate(older: HeldHead, newer: HeldHead): Promise<Relation> {
    const { open, convict, logger } = this.options;
    const [low, high] = [open(older, this.log), open(newer, this.log)];
    const relation = await relateHeads(low, high, this.source.nodes(newer.size));
    if (relation.kind === 'equivocation') convict(relation.evidence);
    if (relation.kind === 'unproven') {
      const { origin } = this.log;
      logger.debug({ origin, url: this.source.url, reason: relation.reason }, 'nothing links two heads yet');
    }
    return relation.kind;
  }
}

/** A log that is slow with the tiles of some heads would use up each pass before the same others. */
function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((one) => ({ one, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ one }) => one);
}
