import { CodedError } from '#libs/crypto';

/**
 * What clients may see, and come back from:
 * - `pool-full`: more entries wait than the log takes; nothing was logged
 * - `no-quorum`: the entry is logged, but no checkpoint that covers it has its quorum yet; a retry gets the same index
 * - `unavailable`: the log can't write now, its disk may be full; nothing was logged
 * - `read-only`: the log was frozen for good, its entries stay; the next shard takes new ones
 * - `closing`: the log shuts down; whether the entry is logged, a retry will tell
 * - `frozen`: the log signs nothing any more; an operator has to look
 *
 * What stops or freezes a log, and is for its operator; it is never repaired by the log itself:
 * - `other-log`: the store holds another log than the one that is configured
 * - `unknown-event`: an event that this version can't read
 * - `damaged-event`: an event has other bytes than when it was written
 * - `not-yet`: the log doesn't exist, and today isn't the day of its inception
 * - `gap`: the events don't follow on each other
 * - `mark-ahead`, `mark-differs`, `mark-missing`: the store isn't the one that the key has signed for (a restored backup?)
 * - `snapshot-differs`: the snapshot is of another history
 * - `signed-root-differs`: the entries don't lead to a root that was signed
 * - `published-ahead`, `published-differs`: the published checkpoint, or a witness, knows another history signed by this key
 */
export type LogErrorCode =
  | 'pool-full'
  | 'no-quorum'
  | 'unavailable'
  | 'read-only'
  | 'closing'
  | 'frozen'
  | 'other-log'
  | 'unknown-event'
  | 'damaged-event'
  | 'not-yet'
  | 'gap'
  | 'mark-ahead'
  | 'mark-differs'
  | 'mark-missing'
  | 'malformed-mark'
  | 'snapshot-differs'
  | 'signed-root-differs'
  | 'published-ahead'
  | 'published-differs';

export class LogError extends CodedError<LogErrorCode> {}
