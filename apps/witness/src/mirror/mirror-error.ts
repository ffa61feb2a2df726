import { CodedError } from '#libs/crypto';

/**
 * - `damaged`: what is on the disk is not what was recorded; nothing is cosigned until somebody has looked
 * - `untrusted-checkpoint`: the log served a checkpoint that its keys did not sign, or that misses its quorum
 * - `not-consistent`: a checkpoint of the log that is not proven to extend the one that is followed
 * - `wrong-entries`: entries that are not those of the checkpoint's tree
 * - `frozen`: the log stands convicted: nothing of it is cosigned any more
 * - `overtaken`: other requests were quicker each time
 */
export type MirrorErrorCode =
  'damaged' | 'untrusted-checkpoint' | 'not-consistent' | 'wrong-entries' | 'frozen' | 'overtaken';

export class MirrorError extends CodedError<MirrorErrorCode> {}
