import { CodedError } from '#libs/crypto';

/**
 * - `invalid-path`: not the path of a tile, a bundle or an issuer, or of a full one where a partial one is meant
 * - `tile-differs`: a file that never changes is there, with other bytes: nothing is overwritten, somebody has to look
 * - `too-large`: a file that no log of ours wrote
 * - `no-space`: the disk is full; nothing is lost, what was to be written can be written again
 * - `io-failed`: the file system failed; what was to be written may or may not be durable
 */
export type TileStoreErrorCode = 'invalid-path' | 'tile-differs' | 'too-large' | 'no-space' | 'io-failed';

export class TileStoreError extends CodedError<TileStoreErrorCode> {}

/** Runs a step on the file system, and gives its error a code. */
export async function coded<T>(doing: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    if (cause instanceof TileStoreError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw code === 'ENOSPC' || code === 'EDQUOT'
      ? new TileStoreError('no-space', `there is no room on the disk: ${doing}`, { cause })
      : new TileStoreError('io-failed', `${doing}: ${message}`, { cause });
  }
}
