/** Why a checkpoint is not cosigned, and the status that tlog-witness, "add-checkpoint", gives it. */
export const REFUSALS = {
  'malformed-request': 400,
  'unknown-origin': 404,
  /** No signature by a key that is trusted for the origin, or one that does not verify. */
  'untrusted-signature': 403,
  /** The log has been frozen: as good as not configured. */
  frozen: 404,
  /** More was cosigned than this witness remembers: its data is an older copy. Not the log's fault, and not soon over. */
  'record-outdated': 503,
  'old-size-above-checkpoint': 400,
  /** A checkpoint of size 0 whose root is not that of the empty tree. */
  'wrong-empty-root': 422,
  /** A proof from size 0, where there is nothing to prove. */
  'proof-not-empty': 422,
  /** The size that we cosigned, with another root: the log has signed two trees. */
  'other-root': 422,
  /** The consistency proof does not hold. That alone proves nothing against the log: anyone can make such a proof. */
  inconsistent: 422,
} as const;

export type RefusalReason = keyof typeof REFUSALS;

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: RefusalReason;
  /** For whoever asked. */
  readonly message: string;
}

export function refuse(reason: RefusalReason, message: string): Refusal {
  return { kind: 'refused', reason, message };
}
