import type { HeldHead } from './held-head.js';

/** Heads of one log that nothing links to its anchor yet. The second half is for directory peers, and copies of the log. */
export const LOOSE_MAX = 64;
export const LOOSE_OF_STRANGERS_MAX = 32;
/** Heads that contradict one that is held are taken beyond every limit, but no more of them: a few convict as well as many. */
export const CONFLICTS_MAX = 4;

const NONE: readonly HeldHead[] = [];
const NO_PAIRS: readonly (readonly [HeldHead, HeldHead])[] = [];
/** Pairs of heads of two keys that were compared. */
const CROSSED_MAX = 16;

/**
 * The heads of one log: an anchor for each of its keys, which everything that was forgotten leads to by verified consistency
 * proofs, and the loose ones, which may be of another history. None is forgotten before a proof links it to one that stays.
 * There is one of these for each of many logs, nearly all with one anchor and nothing else: so arrays, and no maps.
 */
export class HeldHeads {
  #anchors: readonly HeldHead[] = NONE;
  #loose: readonly HeldHead[] = NONE;
  #conflicts = 0;
  #crossed: ReadonlySet<string> | undefined;

  /** `isTwin`: the hash of another log's origin begins with the same digits. */
  constructor(
    readonly origin: string,
    readonly isTwin: boolean = false,
  ) {}

  anchor(keyId: string): HeldHead | undefined {
    return this.#anchors.find((head) => head.keyId === keyId);
  }

  get anchors(): readonly HeldHead[] {
    return this.#anchors;
  }

  get loose(): readonly HeldHead[] {
    return this.#loose;
  }

  /** Every head, the anchors first. */
  get all(): readonly HeldHead[] {
    return this.#loose.length === 0 ? this.#anchors : [...this.#anchors, ...this.#loose];
  }

  get(id: string): HeldHead | undefined {
    return this.#anchors.find((head) => head.id === id) ?? this.#loose.find((head) => head.id === id);
  }

  /** Whether a head of this key has this size: another one of that size contradicts it. */
  hasSize(keyId: string, size: bigint): boolean {
    return this.all.some((head) => head.keyId === keyId && head.size === size);
  }

  /** Whether there is room for a loose head. A contradiction has room of its own. */
  hasRoom(reserved: boolean, conflict: boolean): boolean {
    if (conflict && this.#conflicts < CONFLICTS_MAX) return true;
    if (this.#loose.length >= LOOSE_MAX) return false;
    return reserved || this.#loose.filter((head) => !head.reserved).length < LOOSE_OF_STRANGERS_MAX;
  }

  add(head: HeldHead, conflict: boolean): void {
    if (conflict) this.#conflicts++;
    this.#loose = [...this.#loose, head];
  }

  /** The caller has verified that the former anchor of the key is a prefix of this one. The loose ones are to be linked anew. */
  advance(head: HeldHead): void {
    this.forget(head.id);
    const others = this.#anchors.filter(({ keyId }) => keyId !== head.keyId);
    // An array that is spread into another has room for sixteen more.
    this.#anchors = others.length === 0 ? [head] : [...others, head];
  }

  /** Only for a head that a verified proof links to one that stays. */
  forget(id: string): void {
    this.#loose = this.#loose.filter((head) => head.id !== id);
  }

  /** What the key signed no longer matters: it is convicted. */
  dropLoose(keyId: string): void {
    this.#loose = this.#loose.filter((head) => head.keyId !== keyId);
  }

  /** What is still to be compared: the loose heads of a key that nothing links to its anchor as it is now. One head alone contradicts nothing. */
  unlinked(keyId: string): readonly HeldHead[] {
    const loose = this.#loose.filter((head) => head.keyId === keyId);
    const anchor = this.anchor(keyId);
    if (anchor) return loose.filter(({ linkedTo }) => linkedTo !== anchor.id);
    return loose.length > 1 ? loose : NONE;
  }

  /** The same for all keys. */
  waiting(): readonly HeldHead[] {
    return [...new Set(this.#loose.map(({ keyId }) => keyId))].flatMap((keyId) => this.unlinked(keyId));
  }

  /**
   * Heads of two keys that are still to be compared, the smaller tree first: what each key has signed last, by its anchor or
   * else by its largest head, against the largest tree of all.
   */
  crossing(): readonly (readonly [older: HeldHead, newer: HeldHead])[] {
    const { all } = this;
    const keyIds = new Set(all.map(({ keyId }) => keyId));
    if (keyIds.size < 2) return NO_PAIRS;
    const larger = (a: HeldHead, b: HeldHead): HeldHead => (b.size > a.size ? b : a);
    const last = [...keyIds].map(
      (keyId) => this.anchor(keyId) ?? all.filter((head) => head.keyId === keyId).reduce(larger),
    );
    const newest = last.reduce(larger);
    return last
      .filter((head) => head.size < newest.size && this.#crossed?.has(crossName(head, newest)) !== true)
      .map((head) => [head, newest]);
  }

  /** The two were compared. What the newer one's key signs from now on extends it, or is evidence by itself. */
  crossed(older: HeldHead, newer: HeldHead): void {
    this.#crossed = new Set([...(this.#crossed ?? []), crossName(older, newer)].slice(-CROSSED_MAX));
  }

  /** Whether there is anything that the tiles of the log could say more about. */
  needsProof(): boolean {
    return this.needsLinking() || this.crossing().length > 0;
  }

  needsLinking(): boolean {
    return this.#loose.some(({ keyId }) => this.unlinked(keyId).length > 0);
  }
}

function crossName(older: HeldHead, newer: HeldHead): string {
  return `${older.id} ${newer.keyId}`;
}
