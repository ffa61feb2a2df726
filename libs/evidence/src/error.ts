import { CodedError } from '#libs/crypto';

export type EvidenceErrorCode =
  // reading
  | 'malformed-note'
  | 'not-canonical'
  | 'malformed-evidence'
  | 'unsupported-version'
  | 'unsupported-key'
  // what an accusation lacks
  | 'invalid-signature'
  | 'different-origins'
  | 'wrong-sizes'
  | 'same-tree'
  | 'invalid-proof'
  | 'invalid-sct'
  | 'same-leaf';

/** Bytes that are no head or no evidence, or evidence that does not hold. */
export class EvidenceError extends CodedError<EvidenceErrorCode> {}

/** A message may quote what a stranger wrote; what is logged should not grow with that. */
const QUOTED_MAX = 300;

/** Runs what throws coded errors of other libraries, and gives those the code that they mean here. */
export function rethrown<T>(code: EvidenceErrorCode, what: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof EvidenceError || !(cause instanceof CodedError || cause instanceof RangeError)) throw cause;
    throw new EvidenceError(code, `${what}: ${cause.message.slice(0, QUOTED_MAX)}`, { cause });
  }
}
