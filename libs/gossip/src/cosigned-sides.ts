import { equalBytes } from '#libs/crypto';
import { accusedId, judge, type Evidence, type SignedHead } from '#libs/evidence';
import { parseNote } from '#libs/note';
import { parseCheckpoint } from '#libs/tlog';

/**
 * Cosignatures on the two trees that convicted a log: a witness that has one on each of them is convicted by the same proof.
 * They come when they come, by anti-entropy, mostly after the log was convicted. At most two for each convicted key and
 * configured witness. One that cosigned the two histories at other sizes only is not looked for: to link those takes the tiles
 * that a convicted log still serves, and more of each witness's heads than the last.
 */
export class CosignedSides {
  readonly #seen = new Map<string, [SignedHead | undefined, SignedHead | undefined]>();

  constructor(private readonly convict: (evidence: Evidence) => void) {}

  /** `cosigned`: heads under keys of configured witnesses, verified; `evidence` is against the log. */
  add(evidence: Evidence, cosigned: readonly SignedHead[]): void {
    if (evidence.kind === 'leaf-index') return;
    const notes = evidence.kind === 'same-size' ? evidence.notes : [evidence.older, evidence.newer];
    const trees = notes.map((note) => parseCheckpoint(parseNote(note).text));
    for (const head of cosigned) {
      const { size, root } = head.checkpoint;
      const side = trees.findIndex((tree) => tree.size === size && equalBytes(tree.root, root));
      if (side < 0) continue;
      const name = `${accusedId(evidence.accused)} ${accusedId(head.key)}`;
      const seen = this.#seen.get(name) ?? [undefined, undefined];
      seen[side] = head;
      this.#seen.set(name, seen);
      const [one, other] = seen;
      if (one && other) this.#accuse(evidence, one, other);
    }
  }

  #accuse(evidence: Exclude<Evidence, { kind: 'leaf-index' }>, one: SignedHead, other: SignedHead): void {
    if (evidence.kind === 'different-sizes') {
      this.convict({ ...evidence, accused: one.key, older: one.note, newer: other.note });
      return;
    }
    const judgement = judge([one], other);
    if (judgement.kind === 'equivocation') this.convict(judgement.evidence);
  }
}
