import type { Logger } from 'pino';
import { relateHeads, type Evidence, type Relation, type SignedHead, type Suspicion } from '#libs/evidence';
import { keyIdOf, type HeldHead } from './held-head.js';
import type { HeldHeads } from './held-heads.js';
import type { KnownLog } from './known-log.js';
import type { TileSource } from './tile-sources.js';

/** Heads above everything else, each of which needs tiles of its own size. */
const HEADS_OF_THEIR_OWN = 4;

export interface PassOptions {
  /** The head with its key. */
  readonly open: (held: HeldHead, log: KnownLog) => SignedHead;
  /** The checkpoint that a source shows: a head like any other. What of it is held afterwards. */
  readonly shown: (note: Uint8Array, log: KnownLog, url: string) => HeldHead[];
  readonly convict: (evidence: Evidence) => void;
  readonly suspect: (suspicion: Suspicion) => void;
  /** A verified proof links it to a head that stays. */
  readonly forget: (held: HeldHeads, id: string) => void;
  /** Called after a pass. */
  readonly changed: (held: HeldHeads) => void;
  readonly logger: Logger;
}

/** One look at one copy of a log. */
export class Pass {
  constructor(
    private readonly log: KnownLog,
    private readonly held: HeldHeads,
    private readonly source: TileSource,
    private readonly options: PassOptions,
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
    await this.#compareKeys();
    this.options.changed(this.held);
  }

  /** All keys of a log should sign one history. That they do not is proof against none of them: see `relateHeads`. */
  async #compareKeys(): Promise<void> {
    const { origin } = this.log;
    for (const [older, newer] of this.held.crossing()) {
      const relation = await this.#relate(older, newer);
      if (relation.kind === 'unproven' && relation.suspicion === undefined) continue;
      this.held.crossed(older, newer);
      if (relation.kind !== 'unproven') continue;
      const keys = this.log.keys.filter((key) => [older.keyId, newer.keyId].includes(keyIdOf(key)));
      this.options.suspect({ kind: 'cross-key', origin, keys, reason: relation.reason });
    }
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
      if ((await this.#relate(head, anchor)).kind === 'consistent') this.options.forget(this.held, head.id);
    }
  }

  /** Everything that is not larger than `pivot`, the anchor too. What is its prefix is forgotten, since the pivot stays. */
  async #relateTo(pivot: HeldHead, keyId: string): Promise<void> {
    const anchor = this.held.anchor(keyId);
    const linksAnchor =
      anchor !== undefined &&
      (anchor.id === pivot.id ||
        (anchor.size <= pivot.size && (await this.#relate(anchor, pivot)).kind === 'consistent'));
    const smaller = this.#loose(keyId, ({ id, size }) => id !== pivot.id && size <= pivot.size);
    const prefixes: HeldHead[] = [];
    for (const head of smaller) {
      if ((await this.#relate(head, pivot)).kind === 'consistent') prefixes.push(head);
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
    return relation;
  }
}

/** A log that is slow with the tiles of some heads would use up each pass before the same others. */
function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((one) => ({ one, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ one }) => one);
}
