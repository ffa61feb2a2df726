import { EventStoreError } from '#libs/event-store';
import { EvidenceError, accusedId, verifyEvidence, type Evidence, type ProvenEvidence } from '#libs/evidence';
import type { Logger } from 'pino';
import type { EvidenceStore, StoredEvidence } from './evidence-store.js';
import type { HeadStore } from './head-store.js';
import { keyIdOf } from './held-head.js';
import type { HeldLogs } from './held-logs.js';
import type { Publisher } from './publisher.js';

export interface ConvictionsOptions {
  readonly evidence: EvidenceStore;
  readonly held: HeldLogs;
  readonly heads: HeadStore;
  readonly publisher: Publisher;
  readonly logger: Logger;
  /** A key is convicted: its evidence is on the way to the disk. */
  readonly onConviction: (proven: ProvenEvidence) => void;
  /** The evidence is durable. Its file is written just after. */
  readonly onEvidence: ((stored: StoredEvidence, path: string) => void) | undefined;
}

/** Proof against configured keys: they are frozen at once, others are told, and it is stored. */
export class Convictions {
  /** By the ID of the accused key. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(private readonly options: ConvictionsOptions) {}

  /** Evidence that was made here. Whoever made it: nobody is convicted by what a stranger could not check. */
  accuse(evidence: Evidence): void {
    const { accused, origin } = evidence;
    if (this.options.evidence.against(accused) !== undefined) return;
    try {
      this.convict(verifyEvidence(evidence));
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      this.options.logger.error({ err: error, origin, accused: accused.name }, 'evidence that does not hold');
    }
  }

  convict(proven: ProvenEvidence): void {
    const { accused, origin } = proven;
    if (this.options.evidence.against(accused) !== undefined) return;
    const work = this.#convictNow(proven).catch((error: unknown) => {
      this.options.logger.error({ err: error, origin, accused: accused.name }, 'evidence could not be stored');
    });
    const id = accusedId(accused);
    this.#underWay.set(id, work);
    void work.finally(() => this.#underWay.delete(id));
  }

  /** Whether the evidence against the key, `accusedId`, is just being stored, and published. */
  isUnderWay(id: string): boolean {
    return this.#underWay.has(id);
  }

  /** Resolves when every evidence that was found is durable. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay.values());
  }

  /** That evidence which was handed in is on the disk. @throws EventStoreError if it is not */
  async stored(evidence: Evidence): Promise<void> {
    await this.settled();
    if (!this.options.evidence.isStored(accusedId(evidence.accused))) {
      throw new EventStoreError('unavailable', 'the evidence holds, and could not be stored yet');
    }
  }

  /** Tries once more to store what could not be stored, unless something is just being stored. */
  async retry(): Promise<void> {
    if (this.#underWay.size > 0) return;
    for (const stored of await this.options.evidence.retry()) this.#stored(stored);
  }

  async #convictNow(proven: ProvenEvidence): Promise<void> {
    const { evidence, publisher, onConviction } = this.options;
    const added = evidence.add(proven, (stored) => this.#stored(stored));
    // Not "durable first": the accused said it, and it proves itself. What a crash takes from us others keep, and give back.
    publisher.evidence(proven.bytes);
    onConviction(proven);
    await added;
  }

  /** Evidence is durable: the heads that it was made of are no longer needed. */
  #stored(stored: StoredEvidence): void {
    const { evidence: store, held: logs, heads, logger, onEvidence } = this.options;
    const { origin, accused, role, evidence } = stored.proven;
    const held = logs.find(origin);
    held?.dropLoose(keyIdOf(accused));
    if (held) heads.changed(held);
    const path = store.pathOf(stored.id);
    logger.error(
      { origin, accused: accused.name, kind: evidence.kind, role, evidence: path },
      'a key has signed two histories: it is frozen',
    );
    onEvidence?.(stored, path);
  }
}
