import { equalBytes } from '#libs/crypto';
import { isComparable, sameSizeEvidence, type SameSize } from './evidence.js';
import type { SignedHead } from './signed-head.js';

export type Judgement =
  /** Its tree is one of the known ones. */
  | { readonly kind: 'known' }
  /** Larger than all that are known of this key and origin. */
  | { readonly kind: 'new' }
  /** Smaller than one that is known: stale, or of a fork; only the tree can tell which (see `relateHeads`). */
  | { readonly kind: 'behind' }
  | { readonly kind: 'equivocation'; readonly evidence: SameSize };

/**
 * What a head is to those that are known, by origin, size and root alone: other signatures, times and extension lines are
 * no other tree. Heads of other keys and origins are passed over, as they can't contradict this one.
 */
export function judge(known: readonly SignedHead[], fresh: SignedHead): Judgement {
  const comparable = known.filter((head) => isComparable(head, fresh));
  const { size, root } = fresh.checkpoint;
  const sameSize = comparable.filter(({ checkpoint }) => checkpoint.size === size);
  if (sameSize.some(({ checkpoint }) => equalBytes(checkpoint.root, root))) return { kind: 'known' };
  for (const head of sameSize) {
    const evidence = sameSizeEvidence(head, fresh);
    if (evidence) return { kind: 'equivocation', evidence };
  }
  return { kind: comparable.some(({ checkpoint }) => checkpoint.size > size) ? 'behind' : 'new' };
}
