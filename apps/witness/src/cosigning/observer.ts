import type { VerifierKey } from '#libs/note';
import type { Checkpoint } from '#libs/tlog';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import type { RefusalReason } from './refusal.js';

/** A checkpoint under one signature of one key of its log, which verifies. */
export interface SeenHead {
  readonly key: VerifierKey;
  readonly checkpoint: Checkpoint;
  /** Its text, and exactly this signature line. */
  readonly note: Uint8Array;
}

/** What was answered; `unavailable`: the store failed. */
export type Outcome = 'cosigned' | 'conflict' | 'busy' | 'rate-limited' | 'unavailable' | RefusalReason;

/** A log that is not cosigned any more, as the status page shows it. */
export interface FrozenLog {
  readonly origin: string;
  /** The verifier key that stands accused. */
  readonly key: string;
  readonly reason: string;
  /** Where the evidence can be had, below the witness's own address. */
  readonly evidencePath?: string;
}

/**
 * Who is told of every checkpoint that a known log has signed, cosigned or not, and may forbid that it is cosigned. Both
 * methods are called for each signature that verifies, in the order of the note. They must be quick and must not throw: the
 * log waits for its answer.
 */
export abstract class Observer {
  /**
   * Why nothing of this log is cosigned, in words for the log; undefined when nothing speaks against it. Called before
   * anything is compared or signed: an observer that knows another history may judge the head now.
   */
  abstract refuses(head: SeenHead): string | undefined;

  /** Called when it is decided what to answer, before the answer is sent. `last`: what was cosigned last before. */
  abstract seen(head: SeenHead, outcome: Outcome, last: CheckpointCosigned | undefined): void;

  /** For the status page and for readiness. */
  abstract frozen(): readonly FrozenLog[];
}
