import { CodedError } from '#libs/crypto';

/**
 * - `damaged`: what is on the disk is not what was recorded; nothing is cosigned until somebody has looked
 * - `untrusted-checkpoint`: the log served a checkpoint that its keys did not sign, or that misses its quorum
 * - `not-consistent`: a checkpoint of the log that is not proven to extend the one that is followed
 * - `wrong-entries`: entries that are not those of the checkpoint's tree
 * - `frozen`: the log stands convicted: nothing of it is cosigned any more
 * - `no-room`: what is left of the disk is kept for others; what was to be stored can come again
 * - `overtaken`: other requests were quicker each time
 */
export type MirrorErrorCode =
  'damaged' | 'untrusted-checkpoint' | 'not-consistent' | 'wrong-entries' | 'frozen' | 'no-room' | 'overtaken';

export class MirrorError extends CodedError<MirrorErrorCode> {}
