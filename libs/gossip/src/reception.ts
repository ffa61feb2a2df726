import { CodedError, equalBytes } from '#libs/crypto';
import {
  EvidenceError,
  openSignedHeads,
  parseCanonicalHead,
  parseEvidence,
  verifyEvidence,
  weighEvidence,
  type CanonicalHead,
} from '#libs/evidence';
import { isSameKey, parseNote, type VerifierKey } from '#libs/note';
import type { GossipContent, Sender, SyncKind, SyncVerdict, Topic, Verdict } from '#libs/p2p';
import { parseCheckpoint } from '#libs/tlog';
import type { Logger } from 'pino';
import { Budgets } from './budget.js';
import type { Convictions } from './convictions.js';
import type { Cosignatures } from './cosignatures.js';
import type { EvidenceStore } from './evidence-store.js';
import { ORIGIN_PREFIX_DIGITS, headId, keyIdOf, originPrefix } from './held-head.js';
import type { HeldLogs } from './held-logs.js';
import { openNote, type Intake } from './intake.js';
import type { LogDirectory } from './known-log.js';
import type { Publisher } from './publisher.js';

/** Heads of one log from one sender: so many a second, and so many at once. A directory peer gets four times that. */
const HEADS_PER_SECOND = 1;
const HEADS_BURST = 20;
const DIRECTORY_SHARE = 4;
/** What anti-entropy brings is history: more at once. */
const SYNCED_BURST = 256;
/** Evidence files of one sender: each costs a few signatures. More at once than it takes to be cut off for lies. */
const EVIDENCE_PER_SECOND = 0.2;
const EVIDENCE_BURST = 12;
/**
 * And of all those who have used that up: gossip passes by what was not looked at when it comes from others, too. A sender of
 * lies is cut off long before he has used this up.
 */
const EVIDENCE_RESERVE_PER_SECOND = 1;
const EVIDENCE_RESERVE_BURST = 64;
const BUDGET_NAMES = 16_384;

export interface ReceptionOptions {
  readonly logs: LogDirectory;
  readonly held: HeldLogs;
  readonly evidence: EvidenceStore;
  readonly intake: Intake;
  readonly cosignatures: Cosignatures;
  readonly convictions: Convictions;
  readonly publisher: Required<Publisher>;
  /** Keys that evidence about a log may accuse. */
  readonly trusted: (origin: string) => readonly VerifierKey[];
  /** A note with cosignatures of configured witnesses has come. */
  readonly onCosigned: (note: Uint8Array) => void;
  readonly onVerdict: ((kind: SyncKind, verdict: Verdict) => void) | undefined;
  readonly logger: Logger;
  readonly now: () => number;
}

/** What the network asks: what a message is worth, and what there is to be had. */
export class Reception implements GossipContent {
  readonly #budgets: Budgets;
  readonly #syncedBudgets: Budgets;
  readonly #evidenceBudgets: Budgets;
  readonly #evidenceReserve: Budgets;

  constructor(private readonly options: ReceptionOptions) {
    const { now } = options;
    this.#budgets = new Budgets(HEADS_PER_SECOND, HEADS_BURST, BUDGET_NAMES, now);
    this.#syncedBudgets = new Budgets(HEADS_PER_SECOND, SYNCED_BURST, BUDGET_NAMES, now);
    this.#evidenceBudgets = new Budgets(EVIDENCE_PER_SECOND, EVIDENCE_BURST, BUDGET_NAMES, now);
    this.#evidenceReserve = new Budgets(EVIDENCE_RESERVE_PER_SECOND, EVIDENCE_RESERVE_BURST, 1, now);
  }

  receive(topic: Topic, data: Uint8Array, sender: Sender): Verdict {
    const budget = (name: string): boolean =>
      topic === 'evidence' || this.#budgets.take(name, sender.witness ? DIRECTORY_SHARE : 1);
    const verdict = this.#judged(topic, () => this.#receive(topic, data, sender, budget));
    return verdict === 'later' ? 'ignore' : verdict;
  }

  async receiveSynced(kind: SyncKind, data: Uint8Array, sender: Sender): Promise<SyncVerdict> {
    return this.#judged(kind, () => this.#receive(kind, data, sender, (name) => this.#syncedBudgets.take(name)));
  }

  *ids(): Iterable<string> {
    const { held, cosignatures, evidence } = this.options;
    for (const { all } of held.all()) for (const { id } of all) yield id;
    yield* cosignatures.ids();
    for (const { id } of evidence.list()) yield evidenceItemId(id);
  }

  async get(id: string): Promise<{ topic: SyncKind; data: Uint8Array } | undefined> {
    const { held, cosignatures, evidence } = this.options;
    const head = held.head(id);
    if (head) return { topic: 'checkpoint', data: head.note };
    const cosigned = cosignatures.noteOf(id);
    if (cosigned) return { topic: 'cosigned', data: cosigned };
    const stored = evidence.list().find((one) => evidenceItemId(one.id) === id);
    return stored && { topic: 'evidence', data: stored.bytes };
  }

  #judged(kind: SyncKind, judgement: () => SyncVerdict): SyncVerdict {
    let verdict: SyncVerdict;
    try {
      verdict = judgement();
    } catch (error) {
      // Whatever a parser refuses is nothing that an honest peer passes on.
      if (!(error instanceof CodedError))
        this.options.logger.error({ err: error, kind }, 'a message could not be judged');
      // But what a newer version wrote may well be honest.
      const newer = error instanceof EvidenceError && error.code === 'unsupported-version';
      verdict = error instanceof CodedError && !newer ? 'reject' : 'ignore';
    }
    this.options.onVerdict?.(kind, verdict === 'later' ? 'ignore' : verdict);
    return verdict;
  }

  #receive(kind: SyncKind, data: Uint8Array, sender: Sender, budget: (name: string) => boolean): SyncVerdict {
    switch (kind) {
      case 'checkpoint':
        return this.#receiveHead(data, sender, budget);
      case 'evidence':
        return this.#receiveEvidence(data, sender);
      case 'cosigned':
        return this.#receiveCosigned(data, sender, budget);
    }
  }

  /** The cheapest check first: form, origin, news, budget, and only then the signature. */
  #receiveHead(data: Uint8Array, sender: Sender, budget: (name: string) => boolean): SyncVerdict {
    const { logs, evidence, publisher, intake } = this.options;
    const { checkpoint, signature }: CanonicalHead = parseCanonicalHead(data);
    const log = logs.find(checkpoint.origin);
    if (log === undefined) return 'ignore';
    const key = log.keys.find(({ name, id }) => name === signature.name && equalBytes(id, signature.keyId));
    if (key === undefined || evidence.against(key) !== undefined) return 'ignore';
    if (checkpoint.size === 0n) return 'ignore'; // consistent with everything
    const id = headId({ key, checkpoint });
    const held = this.options.held.find(log.origin);
    // Passed on if we are about to say it ourselves: gossip does not carry a second time what has come in meanwhile.
    if (held?.get(id)) return publisher.waits(log.origin, data) ? 'accept' : 'ignore';
    if (intake.isForgotten(id)) return 'ignore';
    const conflict = held?.hasSize(keyIdOf(key), checkpoint.size) === true;
    const reserved = sender.witness !== undefined;
    if (held && !held.hasRoom(reserved, conflict)) return 'later';
    if (!budget(`${id.slice(0, ORIGIN_PREFIX_DIGITS)} ${sender.peer}`) && !conflict) return 'later';

    const [head] = openSignedHeads(data, [key]);
    if (head === undefined || !equalBytes(head.note, data)) return 'reject';
    intake.take(head, { from: sender.peer, reserved });
    return 'accept';
  }

  #receiveEvidence(data: Uint8Array, sender: Sender): SyncVerdict {
    const { convictions } = this.options;
    const evidence = parseEvidence(data);
    if (weighEvidence(evidence, this.options.trusted(evidence.origin)) !== 'guilty') return 'ignore';
    const known = this.options.evidence.against(evidence.accused);
    // Passed on if it is ours, and is just being told: gossip does not carry a second time what has come in meanwhile.
    if (known !== undefined)
      return convictions.isUnderWay(known.id) && equalBytes(known.bytes, data) ? 'accept' : 'ignore';
    const paid = this.#evidenceBudgets.take(sender.peer, sender.witness ? DIRECTORY_SHARE : 1);
    if (!paid && !this.#evidenceReserve.take('all')) return 'later';
    convictions.convict(verifyEvidence(data));
    return 'accept';
  }

  #receiveCosigned(data: Uint8Array, sender: Sender, budget: (name: string) => boolean): SyncVerdict {
    const { logs, intake, onCosigned } = this.options;
    const note = parseNote(data);
    const log = logs.find(parseCheckpoint(note.text).origin);
    if (log === undefined) return 'ignore';
    if (!budget(`cosigned ${originPrefix(log.origin)} ${sender.peer}`)) return 'later';
    const heads = openNote(note, log);
    if (heads.length === 0) {
      // Of a key that we don't know; or of one that did not sign it, which nobody honest passes on.
      const known = note.signatures.some((line) =>
        log.keys.some(({ name, id }) => isSameKey(line, { name, keyId: id })),
      );
      return known ? 'reject' : 'ignore';
    }
    const cosignatures = intake.learn(data, heads, { from: sender.peer, reserved: sender.witness !== undefined });
    if (cosignatures.length > 0) onCosigned(data);
    return cosignatures.length > 0 ? 'accept' : 'ignore';
  }
}

/** IDs of anti-entropy are 48 digits. */
function evidenceItemId(id: string): string {
  return id.slice(0, 48);
}
