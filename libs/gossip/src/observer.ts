import { equalBytes, CodedError } from '#libs/crypto';
import { EventStoreError, type EventStore } from '#libs/event-store';
import {
  EvidenceError,
  accusedId,
  judge,
  openSignedHeads,
  parseCanonicalHead,
  parseEvidence,
  verifyEvidence,
  weighEvidence,
  type CanonicalHead,
  type Evidence,
  type SignedHead,
  type Suspicion,
} from '#libs/evidence';
import { isSameKey, parseNote, type NoteSignature, type VerifierKey } from '#libs/note';
import type { GossipContent, Sender, SyncKind, SyncVerdict, Topic, Verdict } from '#libs/p2p';
import { parseCheckpoint, type Checkpoint } from '#libs/tlog';
import type { Logger } from 'pino';
import { Budgets } from './budget.js';
import { CosignedHeads, type WitnessHead } from './cosigned-heads.js';
import { CosignedSides } from './cosigned-sides.js';
import { EvidenceStore, type StoredEvidence } from './evidence-store.js';
import { HeadStore, type StoredHead } from './head-store.js';
import { ORIGIN_PREFIX_DIGITS, PackedHead, headId, keyIdOf, originPrefix, type HeldHead } from './held-head.js';
import { HeldHeads } from './held-heads.js';
import type { KnownLog, LogDirectory } from './known-log.js';
import { Linker } from './linker.js';
import { Recent } from './recent.js';
import { Suspicions, type RaisedSuspicion } from './suspicions.js';

/** Heads of one log from one sender: so many a second, and so many at once. A directory peer gets four times that. */
const HEADS_PER_SECOND = 1;
const HEADS_BURST = 20;
const DIRECTORY_SHARE = 4;
/** What anti-entropy brings is history: more at once. */
const SYNCED_BURST = 256;
/** Evidence files of one sender: each costs a few signatures. More at once than it takes to be cut off for lies. */
const EVIDENCE_PER_SECOND = 0.2;
const EVIDENCE_BURST = 12;
const BUDGET_NAMES = 16_384;
/** Of one head. With the log's own line it must still be a note. */
const COSIGNATURES_MAX = 64;
/** Heads that were linked and forgotten, or evidence that has no use: not looked at again. */
const RECENT_NAMES = 65_536;
const LOOKOUT_MS = 30_000;
/** A head that nothing could link for this long is a suspicion. */
const UNLINKED_SUSPICIOUS_MS = 10 * 60_000;
/** How far a log may go beyond what it declared. */
const DECLARED_SLACK = 2;
const DECLARED_BURST = 100;
const DAY_SECONDS = 86_400;

const NONE: readonly NoteSignature[] = [];

export interface ObserverOptions {
  readonly store: EventStore;
  /** For the evidence files. */
  readonly evidenceDirectory: string;
  readonly logs: LogDirectory;
  /** Other witnesses that are configured: their cosignatures are followed, and they can be accused. */
  readonly witnesses: readonly VerifierKey[];
  /** Whether anchors are stored here; a witness has them in a stream of its own. */
  readonly storeAnchors: boolean;
  readonly logger: Logger;
  readonly now?: () => number;
  /** Evidence against a configured key has been found, or has arrived, and is durable. Its file is written just after. */
  readonly onEvidence?: (stored: StoredEvidence, path: string) => void;
  readonly onSuspicion?: (suspicion: Suspicion) => void;
  /** A verdict on a message, for metrics. */
  readonly onVerdict?: (kind: SyncKind, verdict: Verdict) => void;
}

/** What a node wants the network to hear of. */
export interface Publisher {
  head(origin: string, note: Uint8Array, urgent: boolean): void;
  evidence(file: Uint8Array): void;
  /** Whether this head is still to be published. */
  waits?(origin: string, note: Uint8Array): boolean;
}

/**
 * What this node has seen of each log, first-hand or by gossip, and what it means. Two heads of one key that contradict
 * each other become evidence, which freezes the key; everything else is held until a proof links it.
 */
export class Observer implements GossipContent {
  readonly suspicions: Suspicions;
  readonly #held = new Map<string, HeldHeads>();
  readonly #cosigned: CosignedHeads;
  readonly #cosignedSides: CosignedSides;
  readonly #budgets: Budgets;
  readonly #syncedBudgets: Budgets;
  readonly #evidenceBudgets: Budgets;
  /** By origin; the share is what it has declared. */
  readonly #declared: Budgets;
  readonly #recent = new Recent(RECENT_NAMES);
  readonly #linker: Linker;
  readonly #lookout: NodeJS.Timeout;
  readonly #convictions = new Set<Promise<void>>();
  /** Keys that were convicted by evidence that is not yet durable, and so not yet published. */
  readonly #untold = new Set<string>();
  /** What was held of logs that are not known: a list of logs is read after the start, and may grow later. */
  readonly #dormant = new Map<string, readonly StoredHead[]>();
  readonly #now: () => number;
  #publisher: Publisher | undefined;
  #cosignedListener: ((note: Uint8Array) => void) | undefined;

  private constructor(
    private readonly options: ObserverOptions,
    readonly evidence: EvidenceStore,
    private readonly heads: HeadStore,
  ) {
    const now = options.now ?? Date.now;
    this.#now = now;
    this.#budgets = new Budgets(HEADS_PER_SECOND, HEADS_BURST, BUDGET_NAMES, now);
    this.#syncedBudgets = new Budgets(HEADS_PER_SECOND, SYNCED_BURST, BUDGET_NAMES, now);
    this.#evidenceBudgets = new Budgets(EVIDENCE_PER_SECOND, EVIDENCE_BURST, BUDGET_NAMES, now);
    this.#declared = new Budgets(DECLARED_SLACK / DAY_SECONDS, DECLARED_BURST, BUDGET_NAMES, now);
    this.suspicions = new Suspicions((suspicion) => {
      const { kind, origin, reason } = suspicion;
      options.logger.warn({ kind, origin, reason }, 'something looks wrong, and is not proven');
      options.onSuspicion?.(suspicion);
    });
    this.#cosignedSides = new CosignedSides((evidence) => this.#convict(evidence));
    this.#cosigned = new CosignedHeads(
      (evidence) => this.#convict(evidence),
      (suspicion) => this.suspicions.raise(suspicion, now()),
    );
    this.#linker = new Linker({
      find: (origin) => {
        const log = options.logs.find(origin);
        const held = this.#held.get(originPrefix(origin));
        return log && held ? { log, held } : undefined;
      },
      open: (head, log) => this.#open(head, log),
      shown: (note, log, url) => this.#shown(note, log, url),
      convict: (evidence) => this.#convict(evidence),
      forget: (held, id) => {
        held.forget(id);
        this.#recent.add(id);
      },
      changed: (held) => heads.changed(held),
      logger: options.logger,
    });
    this.#lookout = setInterval(() => this.#lookOut(), LOOKOUT_MS).unref();
  }

  /** @throws EventStoreError, Error for stored events that can't be read */
  static async open(options: ObserverOptions): Promise<Observer> {
    const { store, evidenceDirectory: directory, now = Date.now } = options;
    const evidence = await EvidenceStore.open({ store, directory, now });
    const heads = new HeadStore(store, options.storeAnchors, options.logger);
    const observer = new Observer(options, evidence, heads);
    for (const [origin, stored] of await heads.load()) observer.#dormant.set(origin, stored);
    observer.#wakeKnown();
    return observer;
  }

  /** Is shown every note with a cosignature of a configured witness that others bring, our own perhaps. Must not throw. */
  onCosigned(listener: (note: Uint8Array) => void): void {
    this.#cosignedListener = listener;
  }

  /** From now on what is found is published there. */
  publishTo(publisher: Publisher): void {
    this.#publisher = publisher;
  }

  /** The evidence that forbids to cosign anything under this key. */
  freezing(key: VerifierKey): StoredEvidence | undefined {
    return this.evidence.freezing(key);
  }

  /** Whether a head of this size and another tree is held. Cheap: nothing is verified. */
  contradicts(key: VerifierKey, checkpoint: Checkpoint): boolean {
    const held = this.#held.get(originPrefix(checkpoint.origin));
    return held?.hasSize(keyIdOf(key), checkpoint.size) === true && !held.get(headId({ key, checkpoint }));
  }

  /**
   * The newest head of a log, seen at first hand, that extends the one before: the caller has verified it. It is the new
   * anchor. With our own cosignature, if our key is among the witnesses, it is offered to others as cosigned.
   * @throws EvidenceError malformed-note
   */
  advance(origin: string, note: Uint8Array): void {
    const log = this.options.logs.find(origin);
    const heads = this.#openNote(note, log);
    for (const head of heads) {
      const changed = this.#advance(head, 'log');
      if (changed) this.#publisher?.head(log?.origin ?? origin, head.note, false);
    }
    this.#observeCosignatures(note, heads);
  }

  /** The anchor that a witness finds in its own records at a start. Nothing is published. */
  restore(origin: string, note: Uint8Array): void {
    for (const head of this.#openNote(note, this.options.logs.find(origin))) this.#advance(head, 'log');
  }

  /**
   * A checkpoint seen at first hand that was not verified to extend anything: refused by a witness, or shown by a log, a
   * mirror or a bundle. Its signatures are verified here; it is published, as others may know what it contradicts.
   * `from`: `mirror`, a URL, or `log` for what came as a log's, which anybody may hand in: it has the places of strangers.
   * False if no configured key signed it. @throws EvidenceError, NoteError, TlogError for what is no checkpoint
   */
  observe(note: Uint8Array, from: string): boolean {
    const parsed = parseNote(note);
    const log = this.options.logs.find(parseCheckpoint(parsed.text).origin);
    if (log === undefined) return false;
    const heads = openSignedHeads(parsed, log.keys);
    if (heads.length === 0) return false;
    const cosignatures = this.#observeCosignatures(note, heads);
    if (cosignatures.length > 0) this.#cosignedListener?.(note);
    for (const head of heads) {
      const taken = this.#take(head, { from, reserved: from !== 'log', cosignatures });
      if (taken === 'new') this.#publisher?.head(log.origin, head.note, true);
    }
    return true;
  }

  /** Evidence that somebody handed in. @throws EvidenceError, EventStoreError; false if it is about a key that is not configured */
  async accept(file: Uint8Array): Promise<boolean> {
    const evidence = parseEvidence(file);
    // Before any signature: anybody can make evidence against himself.
    if (weighEvidence(evidence, this.#trusted(evidence)) !== 'guilty') return false;
    verifyEvidence(evidence);
    this.#convict(evidence);
    await this.settled();
    if (!this.evidence.isStored(accusedId(evidence.accused))) {
      throw new EventStoreError('unavailable', 'the evidence holds, and could not be stored yet');
    }
    return true;
  }

  /** What the node knows of one log. */
  view(origin: string): { readonly heads: readonly HeldHead[]; readonly witnesses: readonly WitnessHead[] } {
    const held = this.#held.get(originPrefix(origin));
    return { heads: held?.all ?? [], witnesses: this.#cosigned.of(origin) };
  }

  /** Of each key of a log the newest head that was verified, at first hand, to extend the ones before. */
  anchors(origin: string): SignedHead[] {
    const log = this.options.logs.find(origin);
    const held = this.#held.get(originPrefix(origin));
    return log && held ? held.anchors.map((head) => this.#open(head, log)) : [];
  }

  suspected(): RaisedSuspicion[] {
    return this.suspicions.list();
  }

  /** Heads held, and logs that wait for a proof. */
  count(): { readonly origins: number; readonly loose: number; readonly unlinked: number } {
    let loose = 0;
    for (const held of this.#held.values()) loose += held.loose.length;
    return { origins: this.#held.size, loose, unlinked: this.#linker.pending };
  }

  // What the network asks.

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
    for (const held of this.#held.values()) for (const { id } of held.all) yield id;
    yield* this.#cosigned.ids();
    for (const { id } of this.evidence.list()) yield evidenceItemId(id);
  }

  async get(id: string): Promise<{ topic: SyncKind; data: Uint8Array } | undefined> {
    const head = this.#held.get(id.slice(0, ORIGIN_PREFIX_DIGITS))?.get(id);
    if (head) return { topic: 'checkpoint', data: head.note };
    const cosigned = this.#cosigned.noteOf(id);
    if (cosigned) return { topic: 'cosigned', data: cosigned };
    const stored = this.evidence.list().find((one) => evidenceItemId(one.id) === id);
    return stored && { topic: 'evidence', data: stored.bytes };
  }

  /** Resolves when every evidence that was found is durable. */
  async settled(): Promise<void> {
    while (this.#convictions.size > 0) await Promise.all(this.#convictions);
  }

  async close(): Promise<void> {
    clearInterval(this.#lookout);
    this.#linker.close();
    await this.settled();
    await this.#retryEvidence();
    await this.heads.flush();
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
    const { checkpoint, signature }: CanonicalHead = parseCanonicalHead(data);
    const log = this.options.logs.find(checkpoint.origin);
    if (log === undefined) return 'ignore';
    const key = log.keys.find(({ name, id }) => name === signature.name && equalBytes(id, signature.keyId));
    if (key === undefined || this.evidence.against(key) !== undefined) return 'ignore';
    if (checkpoint.size === 0n) return 'ignore'; // consistent with everything
    const id = headId({ key, checkpoint });
    const held = this.#held.get(originPrefix(log.origin));
    // Passed on if we are about to say it ourselves: gossip does not carry a second time what has come in meanwhile.
    if (held?.get(id)) return this.#publisher?.waits?.(log.origin, data) === true ? 'accept' : 'ignore';
    if (this.#recent.has(id)) return 'ignore';
    const conflict = held?.hasSize(keyIdOf(key), checkpoint.size) === true;
    const reserved = sender.witness !== undefined;
    if (held && !held.hasRoom(reserved, conflict)) return 'later';
    if (!budget(`${id.slice(0, ORIGIN_PREFIX_DIGITS)} ${sender.peer}`) && !conflict) return 'later';

    const [head] = openSignedHeads(data, [key]);
    if (head === undefined || !equalBytes(head.note, data)) return 'reject';
    this.#take(head, { from: sender.peer, reserved });
    return 'accept';
  }

  #receiveEvidence(data: Uint8Array, sender: Sender): SyncVerdict {
    const evidence = parseEvidence(data);
    if (weighEvidence(evidence, this.#trusted(evidence)) !== 'guilty') return 'ignore';
    const known = this.evidence.against(evidence.accused);
    // Passed on if it is ours, and not yet told: gossip does not carry a second time what has come in meanwhile.
    if (known !== undefined) return this.#untold.has(known.id) && equalBytes(known.bytes, data) ? 'accept' : 'ignore';
    if (!this.#evidenceBudgets.take(sender.peer, sender.witness ? DIRECTORY_SHARE : 1)) return 'later';
    verifyEvidence(evidence);
    this.#convict(evidence);
    return 'accept';
  }

  #receiveCosigned(data: Uint8Array, sender: Sender, budget: (name: string) => boolean): SyncVerdict {
    const note = parseNote(data);
    const log = this.options.logs.find(parseCheckpoint(note.text).origin);
    if (log === undefined) return 'ignore';
    if (!budget(`cosigned ${originPrefix(log.origin)} ${sender.peer}`)) return 'later';
    const heads = openSignedHeads(note, log.keys);
    if (heads.length === 0) {
      // Of a key that we don't know; or of one that did not sign it, which nobody honest passes on.
      const known = note.signatures.some((line) =>
        log.keys.some(({ name, id }) => isSameKey(line, { name, keyId: id })),
      );
      return known ? 'reject' : 'ignore';
    }
    const cosignatures = this.#observeCosignatures(data, heads);
    if (cosignatures.length > 0) this.#cosignedListener?.(data);
    for (const head of heads) {
      const taken = this.#take(head, { from: sender.peer, reserved: sender.witness !== undefined, cosignatures });
      if (taken === 'new') this.#publisher?.head(log.origin, head.note, true);
    }
    return cosignatures.length > 0 ? 'accept' : 'ignore';
  }

  /** Makes a head the anchor of its key; false if it was that already. */
  #advance(head: SignedHead, from: string): boolean {
    const { origin } = head.checkpoint;
    const held = this.#heldOf(origin);
    const keyId = keyIdOf(head.key);
    const id = headId(head);
    const before = held.anchor(keyId);
    if (before && (before.id === id || before.size > head.checkpoint.size)) return false; // an anchor never goes back
    const known = held.get(id);
    if (!known) this.#watchSpeed(head, id);
    this.#accuse(head, held, id);
    if (before) this.#recent.add(before.id);
    const cosignatures = known?.cosignatures ?? NONE;
    held.advance(new PackedHead(head, id, { from, reserved: true, sinceMs: this.#now(), cosignatures }));
    this.heads.changed(held);
    if (held.needsLinking()) this.#linker.request(origin, false);
    return true;
  }

  /** Holds a verified head that nothing links to the others yet. */
  #take(
    head: SignedHead,
    source: { from: string; reserved: boolean; sinceMs?: number; cosignatures?: readonly NoteSignature[] },
  ): 'new' | 'known' | 'no-room' {
    const { origin, size } = head.checkpoint;
    const { cosignatures = NONE, from, reserved, sinceMs } = source;
    if (size === 0n || this.evidence.against(head.key) !== undefined) return 'known';
    const held = this.#heldOf(origin);
    const id = headId(head);
    const known = held.get(id);
    if (known) {
      if (cosignatures.length > 0) {
        known.cosignatures = merged(known.cosignatures, cosignatures);
        this.heads.changed(held);
      }
      return 'known';
    }
    if (this.#recent.has(id)) return 'known';
    const conflict = held.hasSize(keyIdOf(head.key), size);
    if (!held.hasRoom(reserved, conflict)) return 'no-room';
    this.#watchSpeed(head, id);
    held.add(new PackedHead(head, id, { from, reserved, cosignatures, sinceMs: sinceMs ?? this.#now() }), conflict);
    this.heads.changed(held);
    this.#accuse(head, held, id);
    if (held.needsLinking()) this.#linker.request(origin, true);
    return 'new';
  }

  /** Two trees of one size need nothing but the two notes. */
  #accuse(head: SignedHead, held: HeldHeads, id: string): void {
    const { size } = head.checkpoint;
    for (const other of held.all) {
      if (other.size !== size || other.id === id) continue;
      const log = this.options.logs.find(held.origin);
      if (log === undefined) return;
      const opened = this.#open(other, log);
      const judgement = judge([opened], head);
      if (judgement.kind === 'equivocation') this.#convict(judgement.evidence);
      else if (!equalBytes(opened.checkpoint.root, head.checkpoint.root)) this.#suspectKeys(head, opened);
    }
  }

  #suspectKeys(one: SignedHead, other: SignedHead): void {
    const { origin, size } = one.checkpoint;
    const reason = `two keys of the log signed two trees of size ${size}`;
    this.suspicions.raise({ kind: 'cross-key', origin, keys: [one.key, other.key], reason }, this.#now());
  }

  /** Proof against a configured key: frozen at once, told once it is durable. */
  #convict(evidence: Evidence): void {
    const { accused, origin } = evidence;
    if (this.evidence.against(accused) !== undefined) return;
    const work = this.#convictNow(evidence).catch((error: unknown) => {
      const fault = error instanceof EvidenceError ? 'evidence that does not hold' : 'evidence could not be stored';
      this.options.logger.error({ err: error, origin, accused: accused.name }, fault);
    });
    this.#convictions.add(work);
    void work.finally(() => this.#convictions.delete(work));
  }

  async #convictNow(evidence: Evidence): Promise<void> {
    const proven = verifyEvidence(evidence); // whoever made it: nobody is accused by what a stranger could not check
    const id = accusedId(evidence.accused);
    this.#untold.add(id);
    // Others hear of it before there is a file of it: the event is what lasts.
    const added = this.evidence.add(proven, (stored) => {
      this.#untold.delete(id);
      this.#tell(stored);
    });
    this.#accuseWitnesses(evidence);
    try {
      await added;
    } catch (error) {
      // It proves itself: what our disk does not take, others may keep, and give back after a start.
      const lost = this.#untold.has(id) ? this.evidence.get(id) : undefined;
      if (lost) this.#publisher?.evidence(lost.bytes);
      throw error;
    } finally {
      this.#untold.delete(id);
    }
  }

  /** Evidence is durable: the heads that it was made of are no longer needed, and everybody may know. */
  #tell(stored: StoredEvidence): void {
    const { origin, accused, role, evidence } = stored.proven;
    const held = this.#held.get(originPrefix(origin));
    held?.dropLoose(keyIdOf(accused));
    if (held) this.heads.changed(held);
    const path = this.evidence.pathOf(stored.id);
    this.options.logger.error(
      { origin, accused: accused.name, kind: evidence.kind, role, evidence: path },
      'a key has signed two histories: it is frozen',
    );
    this.#publisher?.evidence(stored.bytes);
    this.options.onEvidence?.(stored, path);
  }

  async #retryEvidence(): Promise<void> {
    for (const stored of await this.evidence.retry()) this.#tell(stored);
  }

  /** A witness that cosigned both sides of a log's fork is convicted by the same notes. */
  #accuseWitnesses(evidence: Evidence): void {
    if (evidence.kind === 'leaf-index') return;
    const held = this.#held.get(originPrefix(evidence.origin));
    if (held === undefined) return;
    const sides = evidence.kind === 'same-size' ? evidence.notes : [evidence.older, evidence.newer];
    for (const note of sides) this.#cosignedSides.add(evidence, this.#cosignedNotes(note, evidence.accused, held));
  }

  #cosignedNotes(note: Uint8Array, accused: VerifierKey, held: HeldHeads): SignedHead[] {
    const [head] = openSignedHeads(note, [accused]);
    const known = head && held.get(headId(head));
    if (!known) return [];
    const { text } = parseNote(known.note);
    return openSignedHeads({ text, signatures: known.cosignatures }, this.options.witnesses);
  }

  /** What a source shows is a head like any other; those of its heads that are held afterwards. */
  #shown(note: Uint8Array, log: KnownLog, url: string): HeldHead[] {
    const heads = this.#openNote(note, log);
    const cosignatures = this.#observeCosignatures(note, heads);
    for (const head of heads) {
      const taken = this.#take(head, { from: url, reserved: true, cosignatures });
      if (taken === 'new') this.#publisher?.head(log.origin, head.note, true);
    }
    const held = this.#heldOf(log.origin);
    return heads.flatMap((head) => held.get(headId(head)) ?? []);
  }

  #observeCosignatures(note: Uint8Array, heads: readonly SignedHead[]): NoteSignature[] {
    const logLines = heads.flatMap((head) => parseNote(head.note).signatures);
    const cosignatures = this.#cosigned.observe(note, logLines, this.options.witnesses, this.#now());
    for (const { key } of cosignatures.length > 0 ? heads : []) {
      const against = this.evidence.against(key)?.proven.evidence;
      if (against) this.#cosignedSides.add(against, openSignedHeads(note, this.options.witnesses));
    }
    return cosignatures;
  }

  #openNote(note: Uint8Array, log: KnownLog | undefined): SignedHead[] {
    return log === undefined
      ? []
      : openSignedHeads(note, log.keys).filter((head) => head.checkpoint.origin === log.origin);
  }

  #open(head: HeldHead, log: KnownLog): SignedHead {
    const key = log.keys.find((one) => keyIdOf(one) === head.keyId);
    const [opened] = key ? openSignedHeads(head.note, [key]) : [];
    if (opened === undefined)
      throw new Error(`a held head of ${log.origin} does not verify any more: was its key removed?`);
    return opened;
  }

  #heldOf(origin: string): HeldHeads {
    const prefix = originPrefix(origin);
    let held = this.#held.get(prefix);
    if (held === undefined) {
      // Not the name that came with a head: it would keep the text that it was cut out of.
      held = new HeldHeads(this.options.logs.find(origin)?.origin ?? origin);
      this.#held.set(prefix, held);
    }
    // Before anything is written over it.
    if (this.#dormant.has(origin)) this.#wake(origin);
    return held;
  }

  #wakeKnown(): void {
    for (const origin of this.#dormant.keys()) if (this.options.logs.find(origin)) this.#wake(origin);
  }

  /** Takes in what was held of a log at the last stop. */
  #wake(origin: string): void {
    const stored = this.#dormant.get(origin) ?? [];
    this.#dormant.delete(origin);
    for (const { note, anchor, reserved, sinceMs, from } of stored) {
      const opened = this.#openNote(note, this.options.logs.find(origin));
      const cosignatures = this.#observeCosignatures(note, opened);
      for (const head of opened) {
        this.#take(head, { from, reserved, sinceMs, cosignatures });
        if (anchor) this.#advance(head, from);
      }
    }
  }

  /** Keys that evidence may accuse: those of the log that it is about, and the witnesses'. */
  #trusted({ origin }: Evidence): VerifierKey[] {
    return [...(this.options.logs.find(origin)?.keys ?? []), ...this.options.witnesses];
  }

  /** Each head counts once. A log that signs faster than it said may want to bury one of them. */
  #watchSpeed({ key, checkpoint }: SignedHead, id: string): void {
    if (this.#recent.has(id)) return;
    const log = this.options.logs.find(checkpoint.origin);
    if (log?.checkpointsPerDay === undefined) return;
    const { origin, checkpointsPerDay: perDay } = log;
    if (this.#declared.take(origin, perDay, 1)) return;
    const reason = `it declared ${perDay} checkpoints a day, and signs more than ${DECLARED_SLACK} times as many`;
    this.suspicions.raise({ kind: 'signs-too-fast', origin, keys: [key], reason }, this.#now());
  }

  #lookOut(): void {
    const now = this.#now();
    this.#wakeKnown();
    if (this.#convictions.size === 0) void this.#retryEvidence();
    for (const held of this.#held.values()) {
      const waiting = held.needsLinking() ? held.loose : [];
      const old = waiting.find(({ sinceMs, linkedTo }) => !linkedTo && now - sinceMs > UNLINKED_SUSPICIOUS_MS);
      const { origin } = held;
      if (old === undefined) {
        this.suspicions.settle({ kind: 'unlinked', origin });
        continue;
      }
      const log = this.options.logs.find(origin);
      const keys = log?.keys.filter((key) => keyIdOf(key) === old.keyId) ?? [];
      const asked =
        log === undefined || log.sources.length === 0 ? 'no copy of the log is configured' : log.sources.join(', ');
      const reason = `no proof links its head of size ${old.size} to the others (asked: ${asked})`;
      this.suspicions.raise({ kind: 'unlinked', origin, keys, reason }, now);
    }
  }
}

function merged(known: readonly NoteSignature[], fresh: readonly NoteSignature[]): readonly NoteSignature[] {
  const others = known.filter(
    (one) => !fresh.some(({ name, keyId }) => name === one.name && equalBytes(keyId, one.keyId)),
  );
  return [...others, ...fresh].slice(0, COSIGNATURES_MAX);
}

/** IDs of anti-entropy are 48 digits. */
function evidenceItemId(id: string): string {
  return id.slice(0, 48);
}
