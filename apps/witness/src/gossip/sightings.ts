import { CodedError } from '#libs/crypto';
import { evidencePath, type Observer as GossipObserver } from '#libs/gossip';
import { formatVerifierKey, type VerifierKey } from '#libs/note';
import { originHash } from '#libs/tlog';
import type { Logger } from 'pino';
import type { CheckpointCosigned } from '../cosigning/checkpoint-cosigned.js';
import type { Heads } from '../cosigning/heads.js';
import { Observer, type FrozenLog, type Outcome, type SeenHead } from '../cosigning/observer.js';

export interface SightingsParts {
  readonly observer: GossipObserver;
  readonly heads: Heads;
  /** Our own: a witness that is convicted itself cosigns nothing any more. */
  readonly ownKeys: readonly VerifierKey[];
  /** Whether others are told of what is cosigned. */
  readonly gossips: boolean;
  readonly logger: Logger;
}

/** Hands on what logs show to this witness, and forbids to cosign whoever is convicted. */
export class Sightings extends Observer {
  readonly #advanced = new Set<string>();
  #scheduled = false;

  constructor(private readonly parts: SightingsParts) {
    super();
  }

  override refuses({ key, checkpoint, note }: SeenHead): string | undefined {
    const { observer, ownKeys } = this.parts;
    for (const own of ownKeys) {
      if (observer.freezing(own))
        return `this witness has cosigned two histories itself: see ${pathAgainst(own, observer)}`;
    }
    // Gossip may have brought the other half of a contradiction before the log came here with this one.
    if (observer.contradicts(key, checkpoint)) observer.observe(note, 'log');
    const stored = observer.evidence.freezingLog(checkpoint.origin);
    return stored && `a key of this log has signed two histories: see ${evidencePath(stored.id)}`;
  }

  override seen({ checkpoint, note }: SeenHead, outcome: Outcome, last: CheckpointCosigned | undefined): void {
    const { observer, gossips } = this.parts;
    if (outcome === 'cosigned') {
      if (gossips) this.#advance(checkpoint.origin);
      return;
    }
    if (outcome === 'frozen' || outcome === 'unavailable') return;
    // What was cosigned last is what a refused head is compared with. Without gossip nobody else has told the observer.
    if (last) observer.restore(checkpoint.origin, last.note);
    observer.observe(note, 'log');
  }

  override frozen(): readonly FrozenLog[] {
    return this.parts.observer.evidence
      .list()
      .filter(({ frozen }) => frozen)
      .map((stored) => ({
        origin: stored.proven.origin,
        key: formatVerifierKey(stored.proven.accused),
        reason: stored.proven.summary,
        evidencePath: evidencePath(stored.id),
      }));
  }

  /** Tells the observer of the newest record of a log, once for all that were cosigned meanwhile. */
  #advance(origin: string): void {
    this.#advanced.add(origin);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const origins = [...this.#advanced];
      this.#advanced.clear();
      for (const one of origins) void this.#advanceNow(one);
    });
  }

  async #advanceNow(origin: string): Promise<void> {
    try {
      const note = await this.parts.heads.recorded(originHash(origin));
      // Our own record: signatures of the log that were verified before it was written, and ours.
      if (note) this.parts.observer.advanceVerified(origin, note);
    } catch (error) {
      // Nobody waits for this: what it throws would end the process.
      const level = error instanceof CodedError ? 'warn' : 'error';
      this.parts.logger[level]({ err: error, origin }, 'could not tell others what was cosigned');
    }
  }
}

function pathAgainst(key: VerifierKey, observer: GossipObserver): string {
  const stored = observer.freezing(key);
  return stored ? evidencePath(stored.id) : '/evidence';
}
