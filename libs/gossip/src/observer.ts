import { openSignedHeads, parseEvidence, verifiedHeads, verifyEvidence, weighEvidence } from '#libs/evidence';
import type { SignedHead, Suspicion } from '#libs/evidence';
import { parseNote, type VerifierKey } from '#libs/note';
import type { GossipContent, Sender, SyncKind, SyncVerdict, Topic, Verdict } from '#libs/p2p';
import { parseCheckpoint, type Checkpoint } from '#libs/tlog';
import type { WitnessHead } from './cosigned-heads.js';
import { Convictions } from './convictions.js';
import { Cosignatures } from './cosignatures.js';
import { DormantHeads } from './dormant-heads.js';
import { EvidenceStore, type StoredEvidence } from './evidence-store.js';
import { HeadStore, type StoredHead } from './head-store.js';
import { headId, keyIdOf, type HeldHead } from './held-head.js';
import { HeldLogs } from './held-logs.js';
import { Intake, openHeld, openNote, openVerified } from './intake.js';
import type { KnownLog } from './known-log.js';
import { Linker } from './linker.js';
import type { ObserverOptions } from './observer-options.js';
import { lookOut } from './lookout.js';
import { Outlet, type Publisher } from './publisher.js';
import { Reception } from './reception.js';
import { Suspicions, type RaisedSuspicion } from './suspicions.js';

const LOOKOUT_MS = 30_000;

/**
 * What this node has seen of each log, first-hand or by gossip, and what it means. Two heads of one key that contradict
 * each other become evidence, which freezes the key; everything else is held until a proof links it.
 */
export class Observer implements GossipContent {
  readonly #outlet = new Outlet();
  readonly #held = new HeldLogs();
  readonly #suspicions: Suspicions;
  readonly #convictions: Convictions;
  readonly #cosignatures: Cosignatures;
  readonly #intake: Intake;
  readonly #dormant: DormantHeads;
  readonly #reception: Reception;
  readonly #linker: Linker;
  readonly #lookout: NodeJS.Timeout;
  readonly #now: () => number;
  #cosignedListener: ((note: Uint8Array) => void) | undefined;

  private constructor(
    private readonly options: ObserverOptions,
    readonly evidence: EvidenceStore,
    private readonly heads: HeadStore,
    stored: ReadonlyMap<string, readonly StoredHead[]>,
  ) {
    const { logs, witnesses, logger, now = Date.now, onEvidence, onVerdict } = options;
    const held = this.#held;
    const publisher = this.#outlet;
    this.#now = now;
    this.#suspicions = new Suspicions((suspicion) => {
      const { kind, origin, reason } = suspicion;
      logger.warn({ kind, origin, reason }, 'something looks wrong, and is not proven');
      options.onSuspicion?.(suspicion);
    });
    const suspect = (suspicion: Suspicion): void => this.#suspicions.raise(suspicion, now());
    const onConviction: Convictions['convict'] = (proven) => this.#cosignatures.accuse(proven);
    this.#convictions = new Convictions({ evidence, held, heads, publisher, logger, onConviction, onEvidence });
    const convict: Convictions['accuse'] = (found) => this.#convictions.accuse(found);
    this.#cosignatures = new Cosignatures({ witnesses, held, evidence, convict, suspect, now });
    const link: Linker['request'] = (origin, news) => this.#linker.request(origin, news);
    const cosignatures = this.#cosignatures;
    const wake: DormantHeads['wake'] = (origin) => this.#dormant.wake(origin);
    const parts = { logs, held, evidence, cosignatures, publisher, now };
    const intake = new Intake({ ...parts, heads, convict, suspect, link, wake });
    this.#intake = intake;
    this.#dormant = new DormantHeads(stored, { logs, intake, cosignatures });
    this.#reception = new Reception({
      ...parts,
      intake,
      convictions: this.#convictions,
      trusted: (origin) => this.#trusted(origin),
      onCosigned: (note) => this.#cosignedListener?.(note),
      onVerdict,
      logger,
    });
    this.#linker = new Linker({
      find: (origin) => {
        const log = logs.find(origin);
        const found = held.find(origin);
        return log && found ? { log, held: found } : undefined;
      },
      open: openHeld,
      shown: (note, log, url) => this.#shown(note, log, url),
      convict,
      suspect,
      forget: (one, id) => intake.forget(one, id),
      changed: (one) => heads.changed(one),
      logger,
    });
    this.#lookout = setInterval(() => this.#lookOut(), LOOKOUT_MS).unref();
  }

  /** @throws EventStoreError, Error for stored events that can't be read */
  static async open(options: ObserverOptions): Promise<Observer> {
    const { store, evidenceDirectory: directory, now = Date.now } = options;
    const evidence = await EvidenceStore.open({ store, directory, now });
    const heads = new HeadStore(store, options.storeAnchors, options.logger);
    const observer = new Observer(options, evidence, heads, await heads.load());
    observer.#dormant.wakeKnown();
    return observer;
  }

  /** Is shown every note with a cosignature of a configured witness that others bring, our own perhaps. Must not throw. */
  onCosigned(listener: (note: Uint8Array) => void): void {
    this.#cosignedListener = listener;
  }

  /** From now on what is found is published there. */
  publishTo(publisher: Publisher): void {
    this.#outlet.open(publisher);
  }

  /** The evidence that forbids to cosign anything under this key. */
  freezing(key: VerifierKey): StoredEvidence | undefined {
    return this.evidence.freezing(key);
  }

  /** Whether a head of this size and another tree is held. Cheap: nothing is verified. */
  contradicts(key: VerifierKey, checkpoint: Checkpoint): boolean {
    const held = this.#held.find(checkpoint.origin);
    return held?.hasSize(keyIdOf(key), checkpoint.size) === true && !held.get(headId({ key, checkpoint }));
  }

  /**
   * The newest head of a log, seen at first hand, that extends the one before: the caller has verified it. It is the new
   * anchor. With our own cosignature, if our key is among the witnesses, it is offered to others as cosigned.
   * @throws EvidenceError malformed-note
   */
  advance(origin: string, note: Uint8Array): void {
    const log = this.options.logs.find(origin);
    this.#advance(openNote(note, log), log, openSignedHeads(note, this.options.witnesses));
  }

  /** The same of a note that the caller has put together of signatures that he verified or made: none is verified again. */
  advanceVerified(origin: string, note: Uint8Array): void {
    const log = this.options.logs.find(origin);
    this.#advance(openVerified(note, log), log, verifiedHeads(note, this.options.witnesses));
  }

  /** The anchor that a witness finds in its own records at a start. Nothing is published. */
  restore(origin: string, note: Uint8Array): void {
    for (const head of openNote(note, this.options.logs.find(origin))) this.#intake.advance(head, 'log');
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
    const heads = openNote(parsed, log);
    if (heads.length === 0) return false;
    const cosignatures = this.#intake.learn(note, heads, { from, reserved: from !== 'log' });
    if (cosignatures.length > 0) this.#cosignedListener?.(note);
    return true;
  }

  /** Evidence that somebody handed in. @throws EvidenceError, EventStoreError; false if it is about a key that is not configured */
  async accept(file: Uint8Array): Promise<boolean> {
    const evidence = parseEvidence(file);
    // Before any signature: anybody can make evidence against himself.
    if (weighEvidence(evidence, this.#trusted(evidence.origin)) !== 'guilty') return false;
    this.#convictions.convict(verifyEvidence(file));
    await this.#convictions.stored(evidence);
    return true;
  }

  /** What the node knows of one log. */
  view(origin: string): { readonly heads: readonly HeldHead[]; readonly witnesses: readonly WitnessHead[] } {
    return { heads: this.#held.find(origin)?.all ?? [], witnesses: this.#cosignatures.of(origin) };
  }

  /** Of each key of a log the newest head that was verified, at first hand, to extend the ones before. */
  anchors(origin: string): SignedHead[] {
    const log = this.options.logs.find(origin);
    const held = this.#held.find(origin);
    return log && held ? held.anchors.map((head) => openHeld(head, log)) : [];
  }

  suspected(): RaisedSuspicion[] {
    return this.#suspicions.list();
  }

  /** Heads held, and logs that wait for a proof. */
  count(): { readonly origins: number; readonly loose: number; readonly unlinked: number } {
    let loose = 0;
    for (const held of this.#held.all()) loose += held.loose.length;
    return { origins: this.#held.size, loose, unlinked: this.#linker.pending };
  }

  receive(topic: Topic, data: Uint8Array, sender: Sender): Verdict {
    return this.#reception.receive(topic, data, sender);
  }

  receiveSynced(kind: SyncKind, data: Uint8Array, sender: Sender): Promise<SyncVerdict> {
    return this.#reception.receiveSynced(kind, data, sender);
  }

  ids(): Iterable<string> {
    return this.#reception.ids();
  }

  get(id: string): ReturnType<GossipContent['get']> {
    return this.#reception.get(id);
  }

  /** Resolves when every evidence that was found is durable. */
  settled(): Promise<void> {
    return this.#convictions.settled();
  }

  async close(): Promise<void> {
    clearInterval(this.#lookout);
    this.#linker.close();
    await this.#convictions.settled();
    await this.#convictions.retry();
    await this.heads.flush();
  }

  #advance(heads: readonly SignedHead[], log: KnownLog | undefined, cosigned: readonly SignedHead[]): void {
    if (log === undefined) return;
    for (const head of heads) {
      if (this.#intake.advance(head, 'log')) this.#outlet.head(log.origin, head.note, false);
    }
    this.#cosignatures.take(cosigned, heads);
  }

  /** What a source shows is a head like any other; those of its heads that are held afterwards. */
  #shown(note: Uint8Array, log: KnownLog, url: string): HeldHead[] {
    const heads = openNote(note, log);
    this.#intake.learn(note, heads, { from: url, reserved: true });
    const held = this.#intake.heldOf(log.origin);
    return heads.flatMap((head) => held.get(headId(head)) ?? []);
  }

  /** Keys that evidence may accuse: those of the log that it is about, and the witnesses'. */
  #trusted(origin: string): VerifierKey[] {
    return [...(this.options.logs.find(origin)?.keys ?? []), ...this.options.witnesses];
  }

  #lookOut(): void {
    this.#dormant.wakeKnown();
    void this.#convictions.retry();
    const link = (origin: string): void => this.#linker.request(origin, false);
    const { logs } = this.options;
    lookOut({ held: this.#held, logs, suspicions: this.#suspicions, link }, this.#now());
  }
}
