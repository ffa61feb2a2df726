import { sha256, toHex } from '#crypto';
import { concatBytes, u64, utf8Encode } from '#libs/crypto';
import { judge, statedTimeMs, verifiedHead, type Evidence, type SignedHead, type Suspicion } from '#libs/evidence';
import { formatNote, formatVerifierKey, parseNote, type NoteSignature, type VerifierKey } from '#libs/note';
import { originPrefix } from './held-head.js';
import { packBytes, unpackBytes } from './packed-bytes.js';

/** Of each witness and log the last one; the rest can be had over HTTP. */
const KEPT = 4_096;

/** What one configured witness has cosigned last of one log, as far as we have heard. */
export interface WitnessHead {
  readonly witness: VerifierKey;
  readonly head: SignedHead;
  readonly seenMs: number;
}

/** Small, since there are many. */
interface KeptHead {
  readonly id: string;
  readonly witness: VerifierKey;
  readonly seenMs: number;
  /** With the log's signature and this witness's cosignature, which were verified. */
  readonly packed: string;
}

/** Follows what configured witnesses cosign. A witness whose two cosignatures contradict each other is accused as a log is. */
export class CosignedHeads {
  /** By witness and origin, in the order of their arrival. */
  readonly #last = new Map<string, KeptHead>();
  readonly #byId = new Map<string, KeptHead>();

  constructor(
    private readonly convict: (evidence: Evidence) => void,
    private readonly suspect: (suspicion: Suspicion) => void,
  ) {}

  /** Takes in what configured witnesses cosigned, verified; gives their cosignatures. `logLines` are the log's own, verified. */
  take(cosigned: readonly SignedHead[], logLines: readonly NoteSignature[], seenMs: number): NoteSignature[] {
    return cosigned.flatMap((head) => {
      const { text, signatures } = parseNote(head.note);
      this.#take(head, formatNote({ text, signatures: [...logLines, ...signatures] }), seenMs);
      return signatures;
    });
  }

  /** What each witness has cosigned last of a log. */
  of(origin: string): WitnessHead[] {
    const prefix = originPrefix(origin);
    return [...this.#last.values()]
      .filter(({ id }) => id.startsWith(prefix))
      .map((kept) => ({ witness: kept.witness, head: headOf(kept), seenMs: kept.seenMs }))
      .filter(({ head }) => head.checkpoint.origin === origin);
  }

  /** For anti-entropy. */
  ids(): Iterable<string> {
    return this.#byId.keys();
  }

  noteOf(id: string): Uint8Array | undefined {
    const kept = this.#byId.get(id);
    return kept && unpackBytes(kept.packed);
  }

  #take(head: SignedHead, note: Uint8Array, seenMs: number): void {
    const { key, checkpoint } = head;
    const name = `${formatVerifierKey(key)} ${checkpoint.origin}`;
    const last = this.#last.get(name);
    if (last) {
      const before = headOf(last);
      const judgement = judge([before], head);
      if (judgement.kind === 'equivocation') return this.convict(judgement.evidence);
      this.#checkTimes(before, head);
      if (judgement.kind !== 'new') return;
      this.#byId.delete(last.id);
      this.#last.delete(name);
    }
    const kept = { id: itemId(head), witness: key, seenMs, packed: packBytes(note) };
    this.#last.set(name, kept);
    this.#byId.set(kept.id, kept);
    if (this.#last.size > KEPT) this.#dropOldest();
  }

  /** tlog-cosignature: the largest tree observed as of that time. A clock that was set back does the same, so it proves nothing. */
  #checkTimes(one: SignedHead, other: SignedHead): void {
    const [older, newer] = one.checkpoint.size < other.checkpoint.size ? [one, other] : [other, one];
    const [smallerTree, largerTree] = [statedTimeMs(older), statedTimeMs(newer)];
    if (older.checkpoint.size === newer.checkpoint.size || smallerTree === undefined || largerTree === undefined)
      return;
    if (smallerTree <= largerTree) return;
    this.suspect({
      kind: 'time-went-back',
      origin: one.checkpoint.origin,
      keys: [one.key],
      reason: `${one.key.name} cosigned size ${older.checkpoint.size} after size ${newer.checkpoint.size}`,
    });
  }

  #dropOldest(): void {
    for (const [name, { id }] of this.#last) {
      this.#last.delete(name);
      this.#byId.delete(id);
      return;
    }
  }
}

function headOf({ witness, packed }: KeptHead): SignedHead {
  return verifiedHead(unpackBytes(packed), witness);
}

/** 8 bytes of the origin's hash, 16 of the hash of witness, size and root: a cosignature that is only younger is no news. */
function itemId({ key, checkpoint: { origin, size, root } }: SignedHead): string {
  const statement = concatBytes(utf8Encode(`cosigned ${formatVerifierKey(key)}\n`), u64(size), root);
  return originPrefix(origin) + toHex(sha256(statement).subarray(0, 16));
}
