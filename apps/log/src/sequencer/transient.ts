import { EventStoreError } from '#libs/event-store';
import { TileStoreError } from '#libs/tile-store';

/**
 * A full disk, or a store that is out of reach, is an operator's to mend and no reason to freeze: what failed was not
 * done, and can be done again.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof EventStoreError) return error.code === 'no-space' || error.code === 'unavailable';
  if (error instanceof TileStoreError) return error.code === 'no-space';
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC';
}
