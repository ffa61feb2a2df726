import type { Outcome } from './observer.js';
import type { Refusal } from './refusal.js';

/** What is said to a checkpoint. */
export type AddCheckpointAnswer =
  | { readonly kind: 'cosigned'; /** Our signature lines. */ readonly lines: string }
  /** The size of what was cosigned last. */
  | { readonly kind: 'conflict'; readonly size: bigint }
  /** Nothing against the checkpoint, but not now. */
  | { readonly kind: 'busy'; readonly message: string; readonly retryAfterSeconds: number }
  /** The log has brought more checkpoints than it said it would. */
  | { readonly kind: 'rate-limited'; readonly retryAfterSeconds: number }
  | Refusal;

export const OUTCOMES = ['cosigned', 'conflict', 'busy', 'rate-limited', 'unavailable'] as const;

/** What is counted, and what an observer is told. */
export function outcomeOf(answer: AddCheckpointAnswer): Outcome {
  return answer.kind === 'refused' ? answer.reason : answer.kind;
}
