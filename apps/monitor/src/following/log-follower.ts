import { fetchCheckpoint, fetchCosignedCheckpoint } from '#libs/client';
import { CodedError } from '#libs/crypto';
import { formatEvidence, judge, openSignedHeads, statedTimeMs, type SignedHead } from '#libs/evidence';
import type { Observer } from '#libs/gossip';
import type { VerifierKey } from '#libs/note';
import { evaluatePolicy, type Checkpoint, type CosignedBy } from '#libs/tlog';
import type { Logger } from 'pino';
import type { WatchedLog } from '../watched-log.js';
import { linkHeads } from './link.js';
import { SizeHistory } from './size-history.js';
import { ViewState } from './view-state.js';

const CHECKPOINT_TIMEOUT_MS = 10_000;
/** Clocks differ. A time further ahead than this says nothing, or one witness could have a log look fresh for ever. */
const FUTURE_MAX_MS = 24 * 60 * 60_000;

export interface FollowerOptions {
  readonly log: WatchedLog;
  readonly observer: Observer;
  /** Whose times count. */
  readonly witnesses: readonly VerifierKey[];
  readonly lagAfterMs: number;
  readonly logger: Logger;
  readonly now: () => number;
}

/** What one policy finds in the published checkpoint. */
export interface PolicyState {
  readonly name: string;
  readonly met: boolean;
  readonly witnesses: readonly CosignedBy[];
  /** Since when the quorum has been missing. */
  readonly missingSinceMs: number | undefined;
}

/** Follows one log: what it publishes, verified from one head to the next, and what others show of it. */
export class LogFollower {
  readonly views: readonly ViewState[];
  /** Of the checkpoint that the log publishes: the newest time that it states, by a cosignature or its own signature. */
  newestTimeMs: number | undefined;
  policies: readonly PolicyState[] = [];
  /** Since when the log has shown a smaller tree than it had signed, and which. */
  rolledBack: { readonly sinceMs: number; readonly size: bigint; readonly from: bigint } | undefined;
  /** Since when nothing has proven that what it shows extends what it had signed. */
  unproven: { readonly sinceMs: number; readonly reason: string } | undefined;
  /** When the verified head last changed; undefined: not since the start. */
  verifiedMs: number | undefined;
  readonly #history: SizeHistory;

  constructor(private readonly options: FollowerOptions) {
    const { log, now, lagAfterMs } = options;
    this.views = log.views.map((view) => new ViewState(view));
    this.#history = new SizeHistory(lagAfterMs);
    const verified = this.verified;
    if (verified) this.#history.add(verified.checkpoint.size, now());
  }

  get log(): WatchedLog {
    return this.options.log;
  }

  /** The newest head that extends everything that was verified before. */
  get verified(): SignedHead | undefined {
    return this.options.observer
      .anchors(this.log.origin)
      .reduce<SignedHead | undefined>(
        (newest, head) => (newest && newest.checkpoint.size >= head.checkpoint.size ? newest : head),
        undefined,
      );
  }

  /** The size that the log is known to have had for as long as an address may be behind. */
  sizeLongAgo(): bigint {
    return this.#history.longAgo(this.options.now());
  }

  /** The keys of the log that evidence convicts: nothing they sign is followed. */
  convicted(): VerifierKey[] {
    return this.log.keys.filter((key) => this.options.observer.evidence.against(key) !== undefined);
  }

  /** Takes in what an address shows now; false if it shows nothing. Never throws. */
  async poll(state: ViewState, signal: AbortSignal): Promise<boolean> {
    const { logger, now } = this.options;
    const { view } = state;
    try {
      const note = await this.#fetch(state, signal);
      state.shown(note && (await this.#take(note, state, signal)), now());
      return state.problem === undefined;
    } catch (error) {
      if (signal.aborted) return false;
      if (!(error instanceof CodedError))
        logger.error({ err: error, url: view.url }, 'a checkpoint could not be judged');
      state.failed((error as Error).message, now());
      return false;
    }
  }

  async #fetch({ view: { kind, url } }: ViewState, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const options = { signal, timeoutMs: CHECKPOINT_TIMEOUT_MS, tries: 1 };
    return kind === 'witness' ? fetchCosignedCheckpoint(url, this.log.origin, options) : fetchCheckpoint(url, options);
  }

  /** The tree shown. @throws EvidenceError, UnsignedError for what none of the log's keys signed */
  async #take(note: Uint8Array, { view }: ViewState, signal: AbortSignal): Promise<Checkpoint> {
    const { log, observer, now } = this.options;
    const heads = openSignedHeads(note, log.keys).filter(({ checkpoint }) => checkpoint.origin === log.origin);
    // One text, under one key or several.
    const [head] = heads;
    if (!head)
      throw new UnsignedError('unsigned', `${view.url} shows a checkpoint that no known key of the log signed`);
    if (view.kind === 'log') {
      await this.#follow(note, heads, view.url, signal);
      this.#readPublished(note, heads);
    } else {
      observer.observe(note, view.url);
    }
    this.#history.add(this.#largest(head.checkpoint.size), now());
    return head.checkpoint;
  }

  /** What peers have brought counts as well: a log may show us less than it shows others. */
  #largest(size: bigint): bigint {
    const { heads, witnesses } = this.options.observer.view(this.log.origin);
    const sizes = [...heads.map((held) => held.size), ...witnesses.map(({ head }) => head.checkpoint.size)];
    return sizes.reduce((largest, one) => (one > largest ? one : largest), size);
  }

  /** What the log itself shows becomes the verified head once it is proven to extend the one before. */
  async #follow(note: Uint8Array, heads: readonly SignedHead[], url: string, signal: AbortSignal): Promise<void> {
    const { log, observer, now } = this.options;
    const anchors = observer.anchors(log.origin);
    let smallest: { size: bigint; from: bigint } | undefined;
    let unproven: string | undefined;
    for (const head of heads) {
      if (observer.evidence.against(head.key) !== undefined) continue;
      // Seen before, and verified then.
      if (judge(anchors, head).kind === 'known') continue;
      for (const anchor of anchors) {
        const { size } = head.checkpoint;
        if (size < anchor.checkpoint.size) {
          smallest = { size, from: anchor.checkpoint.size };
          continue;
        }
        const relation = await linkHeads(anchor, head, log.sources, signal);
        signal.throwIfAborted();
        if (relation.kind === 'equivocation') {
          // Observed first: what witnesses cosigned is then held too, and may convict them.
          observer.observe(note, url);
          await observer.accept(formatEvidence(relation.evidence));
        } else if (relation.kind === 'unproven') {
          unproven ??= relation.reason;
        }
      }
    }
    const convicted = heads.every(({ key }) => observer.evidence.against(key) !== undefined);
    this.rolledBack = convicted || !smallest ? undefined : { sinceMs: this.rolledBack?.sinceMs ?? now(), ...smallest };
    this.unproven =
      convicted || unproven === undefined ? undefined : { sinceMs: this.unproven?.sinceMs ?? now(), reason: unproven };
    if (!convicted && !smallest && unproven === undefined) this.#advance(note, heads, anchors);
    observer.observe(note, url);
  }

  #advance(note: Uint8Array, heads: readonly SignedHead[], anchors: readonly SignedHead[]): void {
    const { log, observer, now, logger } = this.options;
    observer.advance(log.origin, note);
    if (heads.every((head) => judge(anchors, head).kind === 'known')) return;
    this.verifiedMs = now();
    const size = heads[0]?.checkpoint.size;
    logger.debug({ origin: log.origin, size: String(size) }, 'the log has grown');
  }

  /** What is in the published checkpoint besides the tree. */
  #readPublished(note: Uint8Array, heads: readonly SignedHead[]): void {
    const { log, witnesses, now } = this.options;
    const stated = [...heads, ...openSignedHeads(note, witnesses)].flatMap((head) => statedTimeMs(head) ?? []);
    const times = stated.map(Number).filter((time) => time <= now() + FUTURE_MAX_MS);
    this.newestTimeMs = times.length === 0 ? undefined : Math.max(...times);
    this.policies = log.policies.map(({ name, policy }) => {
      const { log: signer, witnesses: cosigned, quorum } = evaluatePolicy(policy, note);
      const met = quorum && signer !== undefined;
      const before = this.policies.find((state) => state.name === name)?.missingSinceMs;
      return { name, met, witnesses: cosigned, missingSinceMs: met ? undefined : (before ?? now()) };
    });
  }
}

class UnsignedError extends CodedError<'unsigned'> {}
