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

/** Proof against configured keys: they are frozen at once, and others are told once it is durable. */
export class Convictions {
  readonly #underWay = new Set<Promise<void>>();
  /** Keys that were convicted by evidence that is not yet durable, and so not yet published. */
  readonly #untold = new Set<string>();

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
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  /** Whether the evidence against the key, `accusedId`, is still to be published. */
  isUntold(id: string): boolean {
    return this.#untold.has(id);
  }

  /** Resolves when every evidence that was found is durable. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
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
    for (const stored of await this.options.evidence.retry()) this.#tell(stored);
  }

  async #convictNow(proven: ProvenEvidence): Promise<void> {
    const { evidence, publisher, onConviction } = this.options;
    const id = accusedId(proven.accused);
    this.#untold.add(id);
    // Others hear of it before there is a file of it: the event is what lasts.
    const added = evidence.add(proven, (stored) => {
      this.#untold.delete(id);
      this.#tell(stored);
    });
    onConviction(proven);
    try {
      await added;
    } catch (error) {
      // It proves itself: what our disk does not take, others may keep, and give back after a start.
      const lost = this.#untold.has(id) ? evidence.get(id) : undefined;
      if (lost) publisher.evidence(lost.bytes);
      throw error;
    } finally {
      this.#untold.delete(id);
    }
  }

  /** Evidence is durable: the heads that it was made of are no longer needed, and everybody may know. */
  #tell(stored: StoredEvidence): void {
    const { evidence: store, held: logs, heads, publisher, logger, onEvidence } = this.options;
    const { origin, accused, role, evidence } = stored.proven;
    const held = logs.find(origin);
    held?.dropLoose(keyIdOf(accused));
    if (held) heads.changed(held);
    const path = store.pathOf(stored.id);
    logger.error(
      { origin, accused: accused.name, kind: evidence.kind, role, evidence: path },
      'a key has signed two histories: it is frozen',
    );
    publisher.evidence(stored.bytes);
    onEvidence?.(stored, path);
  }
}
