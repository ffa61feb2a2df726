import { equalBytes } from '#libs/crypto';
import { EMPTY_ROOT, MerkleError, verifyConsistency } from '#libs/merkle';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import type { Proposal } from './proposal.js';
import { refuse, type Refusal } from './refusal.js';

export type Decision =
  | { readonly kind: 'cosign'; /** POSIX time in seconds. */ readonly timestamp: bigint }
  /** The client goes by another size than the one we cosigned last. */
  | { readonly kind: 'conflict'; readonly size: bigint }
  | Refusal;

/**
 * The rule of the witness: cosign only what extends what was cosigned last. The checks, and their order, are those of
 * tlog-witness, "add-checkpoint". `now` is POSIX time in seconds.
 */
export function decide(last: Omit<CheckpointCosigned, 'note'> | undefined, proposal: Proposal, now: bigint): Decision {
  const { oldSize, proof, checkpoint } = proposal;
  const { size, root } = checkpoint;
  if (oldSize > size) {
    return refuse('old-size-above-checkpoint', `the old size ${oldSize} is above the size ${size} of the checkpoint`);
  }
  const lastSize = last?.size ?? 0n;
  if (oldSize !== lastSize) return { kind: 'conflict', size: lastSize };
  if (size === 0n && !equalBytes(root, EMPTY_ROOT)) {
    return refuse('wrong-empty-root', 'the root of size 0 is not that of the empty tree');
  }
  if (last === undefined || last.size === 0n) {
    if (proof.length > 0) return refuse('proof-not-empty', 'from size 0 there is nothing to prove');
  } else {
    if (size === last.size && !equalBytes(root, last.root)) {
      return refuse('other-root', `another root was cosigned for size ${size}`);
    }
    const refusal = checkConsistency(last, checkpoint, proof);
    if (refusal) return refusal;
  }
  // A clock that was set back must not make an older tree look like the newest one.
  return { kind: 'cosign', timestamp: last !== undefined && last.timestamp > now ? last.timestamp : now };
}

function checkConsistency(
  last: Pick<CheckpointCosigned, 'size' | 'root'>,
  { size, root }: Proposal['checkpoint'],
  proof: readonly Uint8Array[],
): Refusal | undefined {
  try {
    verifyConsistency({ size1: last.size, root1: last.root, size2: size, root2: root, proof });
    return undefined;
  } catch (error) {
    if (error instanceof MerkleError) return refuse('inconsistent', error.message);
    throw error;
  }
}
