import {
  openSignedHeads,
  verifiedHeads,
  type Evidence,
  type ProvenEvidence,
  type SignedHead,
  type Suspicion,
} from '#libs/evidence';
import { parseNote, type NoteSignature, type VerifierKey } from '#libs/note';
import { CosignedHeads, type WitnessHead } from './cosigned-heads.js';
import { CosignedSides } from './cosigned-sides.js';
import type { EvidenceStore } from './evidence-store.js';
import { headId } from './held-head.js';
import type { HeldLogs } from './held-logs.js';

export interface CosignaturesOptions {
  readonly witnesses: readonly VerifierKey[];
  readonly held: HeldLogs;
  readonly evidence: EvidenceStore;
  readonly convict: (evidence: Evidence) => void;
  readonly suspect: (suspicion: Suspicion) => void;
  readonly now: () => number;
}

/** What configured witnesses cosign, and whether they may. */
export class Cosignatures {
  readonly #last: CosignedHeads;
  readonly #sides: CosignedSides;

  constructor(private readonly options: CosignaturesOptions) {
    this.#last = new CosignedHeads(options.convict, options.suspect);
    this.#sides = new CosignedSides(options.convict);
  }

  /** Takes in those of a note that verify, and gives them. `heads`: what keys of the log signed in it, verified. */
  observe(note: Uint8Array, heads: readonly SignedHead[]): NoteSignature[] {
    return this.take(openSignedHeads(note, this.options.witnesses), heads);
  }

  /** The same of cosigned heads that are verified. */
  take(cosigned: readonly SignedHead[], heads: readonly SignedHead[]): NoteSignature[] {
    const { evidence, now } = this.options;
    const logLines = heads.flatMap((head) => parseNote(head.note).signatures);
    const cosignatures = this.#last.take(cosigned, logLines, now());
    for (const { key } of cosigned.length > 0 ? heads : []) {
      const against = evidence.against(key)?.proven.evidence;
      if (against) this.#sides.add(against, cosigned);
    }
    return cosignatures;
  }

  /** A witness that cosigned both sides of a log's fork is convicted by the same notes. */
  accuse({ evidence, heads }: ProvenEvidence): void {
    if (evidence.kind === 'leaf-index') return;
    for (const head of heads) this.#sides.add(evidence, this.#heldOn(head));
  }

  /** What each witness has cosigned last of a log. */
  of(origin: string): WitnessHead[] {
    return this.#last.of(origin);
  }

  /** For anti-entropy. */
  ids(): Iterable<string> {
    return this.#last.ids();
  }

  noteOf(id: string): Uint8Array | undefined {
    return this.#last.noteOf(id);
  }

  #heldOn(head: SignedHead): SignedHead[] {
    const known = this.options.held.find(head.checkpoint.origin)?.get(headId(head));
    if (!known || known.cosignatures.length === 0) return [];
    const { text } = parseNote(known.note);
    return verifiedHeads({ text, signatures: known.cosignatures }, this.options.witnesses);
  }
}
