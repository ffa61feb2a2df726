import { equalBytes } from '#libs/crypto';
import { EMPTY_ROOT, proveConsistency, treeRoot, verifyConsistency, type NodeReader } from '#libs/merkle';
import { isComparable, sameSizeEvidence, type Evidence } from './evidence.js';
import type { SignedHead } from './signed-head.js';

export type Relation =
  /** The older tree is a prefix of the newer one. The proof is RFC 6962's; empty for equal sizes and from the empty tree. */
  | { readonly kind: 'consistent'; readonly proof: readonly Uint8Array[] }
  | { readonly kind: 'equivocation'; readonly evidence: Evidence }
  /** Nothing is known. That is no reason to accuse anyone: whoever serves the tree may be at fault. */
  | {
      readonly kind: 'unproven';
      readonly reason: string;
      /** The trees are shown to contradict each other, but they are signed by two keys: nobody's own word against his own. */
      readonly suspicion?: 'cross-key';
    };

/**
 * Links two heads of one origin by the newer one's tree, or makes evidence of it that there is no link. `read` is believed
 * nothing: its root of the older size and its proof must lead to the newer root; only then that root is compared with the
 * one that was signed. Never throws: a reader that does, or that serves another tree, leaves the heads unproven.
 */
export async function relateHeads(older: SignedHead, newer: SignedHead, read: NodeReader): Promise<Relation> {
  const [a, b] = [older.checkpoint, newer.checkpoint];
  if (a.origin !== b.origin) return unproven(`the heads are of two logs, ${a.origin} and ${b.origin}`);
  if (a.size > b.size) return unproven(`the older head is of size ${a.size}, the newer one of ${b.size}`);
  if (a.size === b.size) {
    if (equalBytes(a.root, b.root)) return { kind: 'consistent', proof: [] };
    const evidence = sameSizeEvidence(older, newer);
    return evidence ? { kind: 'equivocation', evidence } : crossKey(a.size);
  }
  if (a.size === 0n) {
    // Everything begins with the empty tree, and a tree of no leaves has one root; no proof leads from another one.
    return equalBytes(a.root, EMPTY_ROOT)
      ? { kind: 'consistent', proof: [] }
      : unproven('the older head is of size 0, and its root is not that of the empty tree');
  }

  let root: Uint8Array;
  let proof: readonly Uint8Array[];
  try {
    root = await treeRoot(a.size, read);
    proof = await proveConsistency(a.size, b.size, read);
    verifyConsistency({ size1: a.size, root1: root, size2: b.size, root2: b.root, proof });
  } catch (error) {
    return unproven(`no proof from size ${a.size} to size ${b.size}: ${reasonOf(error)}`);
  }
  if (equalBytes(root, a.root)) return { kind: 'consistent', proof };
  if (!isComparable(older, newer)) return crossKey(a.size);
  const accusation = { accused: older.key, origin: a.origin };
  const evidence = {
    kind: 'different-sizes',
    ...accusation,
    older: older.note,
    newer: newer.note,
    root,
    proof,
  } as const;
  return { kind: 'equivocation', evidence };
}

function crossKey(size: bigint): Relation {
  return { ...unproven(`two keys signed trees of one origin that differ at size ${size}`), suspicion: 'cross-key' };
}

function unproven(reason: string): Relation & { kind: 'unproven' } {
  return { kind: 'unproven', reason };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
