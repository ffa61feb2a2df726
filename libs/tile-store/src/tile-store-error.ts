import { CodedError } from '#libs/crypto';

/**
 * - `invalid-path`: not the path of a tile, a bundle or an issuer
 * - `tile-differs`: a file that never changes is there, with other bytes: nothing is overwritten, somebody has to look
 * - `too-large`: a file that no log of ours wrote
 * - `no-space`: the disk is full; nothing is lost, what was to be written can be written again
 */
export type TileStoreErrorCode = 'invalid-path' | 'tile-differs' | 'too-large' | 'no-space';

export class TileStoreError extends CodedError<TileStoreErrorCode> {}
