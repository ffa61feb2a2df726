import { equalBytes } from '#libs/crypto';
import { judge, openSignedHeads, verifiedHeads, type Evidence, type SignedHead, type Suspicion } from '#libs/evidence';
import type { Note, NoteSignature } from '#libs/note';
import { Budgets } from './budget.js';
import type { Cosignatures } from './cosignatures.js';
import type { EvidenceStore } from './evidence-store.js';
import type { HeadStore } from './head-store.js';
import { PackedHead, headId, keyIdOf, type HeldHead } from './held-head.js';
import type { HeldHeads } from './held-heads.js';
import type { HeldLogs } from './held-logs.js';
import type { KnownLog, LogDirectory } from './known-log.js';
import type { Publisher } from './publisher.js';
import { Recent } from './recent.js';

/** Heads that were linked and forgotten: not looked at again. */
const RECENT_NAMES = 65_536;
/** Of one head. With the log's own line it must still be a note. */
const COSIGNATURES_MAX = 64;
/** How far a log may go beyond what it declared. */
const DECLARED_SLACK = 2;
const DECLARED_BURST = 100;
const DECLARED_NAMES = 16_384;
const DAY_SECONDS = 86_400;

const NONE: readonly NoteSignature[] = [];

export interface IntakeOptions {
  readonly logs: LogDirectory;
  readonly held: HeldLogs;
  readonly evidence: EvidenceStore;
  readonly heads: HeadStore;
  readonly cosignatures: Cosignatures;
  readonly publisher: Publisher;
  readonly convict: (evidence: Evidence) => void;
  readonly suspect: (suspicion: Suspicion) => void;
  /** There is something to compare. `news`: a loose head that nobody has looked at. */
  readonly link: (origin: string, news: boolean) => void;
  /** Called before anything is written over what was held of the log at the last stop. */
  readonly wake: (origin: string) => void;
  readonly now: () => number;
}

/** Where a head comes from. */
export interface Source {
  readonly from: string;
  readonly reserved: boolean;
  readonly sinceMs?: number;
  readonly cosignatures?: readonly NoteSignature[];
}

/** Takes in heads that are verified, and compares each with those of its size. */
export class Intake {
  readonly #recent = new Recent(RECENT_NAMES);
  /** By origin; the share is what it has declared. */
  readonly #declared: Budgets;

  constructor(private readonly options: IntakeOptions) {
    this.#declared = new Budgets(DECLARED_SLACK / DAY_SECONDS, DECLARED_BURST, DECLARED_NAMES, options.now);
  }

  /** Makes a head the anchor of its key; false if it was that already. */
  advance(head: SignedHead, from: string): boolean {
    const { origin } = head.checkpoint;
    const held = this.heldOf(origin);
    const keyId = keyIdOf(head.key);
    const id = headId(head);
    const before = held.anchor(keyId);
    if (before && (before.id === id || before.size > head.checkpoint.size)) return false; // an anchor never goes back
    const known = held.get(id);
    if (!known) this.#watchSpeed(head, id);
    this.#accuse(head, held, id);
    if (before) this.#recent.add(before.id);
    const cosignatures = known?.cosignatures ?? NONE;
    held.advance(new PackedHead(head, id, { from, reserved: true, sinceMs: this.options.now(), cosignatures }));
    this.options.heads.changed(held);
    if (held.needsLinking()) this.options.link(origin, false);
    return true;
  }

  /** Holds a head that nothing links to the others yet. */
  take(head: SignedHead, source: Source): 'new' | 'known' | 'no-room' {
    const { origin, size } = head.checkpoint;
    const { cosignatures = NONE, from, reserved, sinceMs } = source;
    if (size === 0n || this.options.evidence.against(head.key) !== undefined) return 'known';
    const held = this.heldOf(origin);
    const id = headId(head);
    const known = held.get(id);
    if (known) {
      if (cosignatures.length > 0) {
        known.cosignatures = merged(known.cosignatures, cosignatures);
        this.options.heads.changed(held);
      }
      return 'known';
    }
    if (this.#recent.has(id)) return 'known';
    const conflict = held.hasSize(keyIdOf(head.key), size);
    if (!held.hasRoom(reserved, conflict)) return 'no-room';
    this.#watchSpeed(head, id);
    const sinceOrNow = sinceMs ?? this.options.now();
    held.add(new PackedHead(head, id, { from, reserved, cosignatures, sinceMs: sinceOrNow }), conflict);
    this.options.heads.changed(held);
    this.#accuse(head, held, id);
    if (held.needsProof()) this.options.link(origin, true);
    return 'new';
  }

  /** Takes in what keys of a log signed in a note, and others cosigned; tells others what was new. Gives the cosignatures. */
  learn(note: Uint8Array, heads: readonly SignedHead[], source: Pick<Source, 'from' | 'reserved'>): NoteSignature[] {
    const cosignatures = this.options.cosignatures.observe(note, heads);
    for (const head of heads) {
      const taken = this.take(head, { ...source, cosignatures });
      if (taken === 'new') this.options.publisher.head(this.heldOf(head.checkpoint.origin).origin, head.note, true);
    }
    return cosignatures;
  }

  /** Whether it was linked to one that stays, and forgotten. */
  isForgotten(id: string): boolean {
    return this.#recent.has(id);
  }

  /** A verified proof links it to one that stays. */
  forget(held: HeldHeads, id: string): void {
    held.forget(id);
    this.#recent.add(id);
  }

  heldOf(origin: string): HeldHeads {
    const { held, logs, wake } = this.options;
    // Not the name that came with a head: it would keep the text that it was cut out of.
    const found = held.find(origin) ?? held.add(logs.find(origin)?.origin ?? origin);
    wake(origin);
    return found;
  }

  /** Two trees of one size need nothing but the two notes. */
  #accuse(head: SignedHead, held: HeldHeads, id: string): void {
    const { size } = head.checkpoint;
    for (const other of held.all) {
      if (other.size !== size || other.id === id) continue;
      const log = this.options.logs.find(held.origin);
      if (log === undefined) return;
      const opened = openHeld(other, log);
      const judgement = judge([opened], head);
      if (judgement.kind === 'equivocation') this.options.convict(judgement.evidence);
      else if (!equalBytes(opened.checkpoint.root, head.checkpoint.root)) this.#suspectKeys(head, opened);
    }
  }

  #suspectKeys(one: SignedHead, other: SignedHead): void {
    const { origin, size } = one.checkpoint;
    const reason = `two keys of the log signed two trees of size ${size}`;
    this.options.suspect({ kind: 'cross-key', origin, keys: [one.key, other.key], reason });
  }

  /** Each head counts once. A log that signs faster than it said may want to bury one of them. */
  #watchSpeed({ key, checkpoint }: SignedHead, id: string): void {
    if (this.#recent.has(id)) return;
    const log = this.options.logs.find(checkpoint.origin);
    if (log?.checkpointsPerDay === undefined) return;
    const { origin, checkpointsPerDay: perDay } = log;
    if (this.#declared.take(origin, perDay, 1)) return;
    const reason = `it declared ${perDay} checkpoints a day, and signs more than ${DECLARED_SLACK} times as many`;
    this.options.suspect({ kind: 'signs-too-fast', origin, keys: [key], reason });
  }
}

/** What keys of a log signed in a note of it. @throws EvidenceError malformed-note */
export function openNote(note: Uint8Array | Note, log: KnownLog | undefined): SignedHead[] {
  return log === undefined ? [] : ofLog(openSignedHeads(note, log.keys), log);
}

/** The same of a note whose signatures by keys of the log are verified. */
export function openVerified(note: Uint8Array, log: KnownLog | undefined): SignedHead[] {
  return log === undefined ? [] : ofLog(verifiedHeads(note, log.keys), log);
}

/** An RFC 6962 key signs for the origin that is its name, whatever the note says. */
function ofLog(heads: readonly SignedHead[], { origin }: Pick<KnownLog, 'origin'>): SignedHead[] {
  return heads.filter((head) => head.checkpoint.origin === origin);
}

/** A held head with its key: it was verified when it was taken in. */
export function openHeld(head: HeldHead, log: KnownLog): SignedHead {
  const key = log.keys.find((one) => keyIdOf(one) === head.keyId);
  const [opened] = key ? verifiedHeads(head.note, [key]) : [];
  if (opened === undefined) throw new Error(`a held head of ${log.origin} is of no key that is known: was it removed?`);
  return opened;
}

function merged(known: readonly NoteSignature[], fresh: readonly NoteSignature[]): readonly NoteSignature[] {
  const others = known.filter(
    (one) => !fresh.some(({ name, keyId }) => name === one.name && equalBytes(keyId, one.keyId)),
  );
  return [...others, ...fresh].slice(0, COSIGNATURES_MAX);
}
