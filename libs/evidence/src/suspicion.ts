import type { VerifierKey } from '#libs/note';

/**
 * What makes a log or a witness worth a look, and what an honest one can come into as well. It proves nothing, accuses
 * nobody and freezes nothing; it is never made into evidence.
 */
export type SuspicionKind =
  /** Two heads that nobody who was asked could link: who holds back tiles hides a fork, or is just down. */
  | 'unlinked'
  /** More heads than the log said that it would sign. */
  | 'signs-too-fast'
  /** A later cosignature on a smaller tree: a clock that was set back does the same. */
  | 'time-went-back'
  /** Two keys of one origin signed trees that contradict each other: a key was changed, or one of the two is somebody else's. */
  | 'cross-key'
  /** A promise to log something that can't be shown to be broken: a signed entry timestamp of Rekor v1, a late entry. */
  | 'unkept-promise';

export interface Suspicion {
  readonly kind: SuspicionKind;
  readonly origin: string;
  /** Whose signatures it is about. */
  readonly keys: readonly VerifierKey[];
  /** For people: what was seen. */
  readonly reason: string;
}
