/**
 * Two notes that one log has signed, and that no one history has. Between two sizes the proof comes with them: the root that
 * the larger tree really has at the smaller size, which is not the one that was signed, and the consistency proof from it.
 */
export interface CheckpointConflict {
  readonly origin: string;
  /** What the mirror follows: a signed note. */
  readonly kept: Uint8Array;
  /** What the log showed, and what is never followed: a signed note. */
  readonly found: Uint8Array;
  readonly between?: {
    /** At the smaller of the two sizes. */
    readonly root: Uint8Array;
    readonly proof: readonly Uint8Array[];
  };
}

export type ConflictListener = (conflict: CheckpointConflict) => void;
