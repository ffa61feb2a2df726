import { EventStoreError } from '#libs/event-store';
import { TileStoreError } from '#libs/tile-store';

/** A full disk is an operator's to mend, and no reason to freeze: what failed was not done, and can be done again. */
export function isNoSpace(error: unknown): boolean {
  if (error instanceof TileStoreError || error instanceof EventStoreError) return error.code === 'no-space';
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOSPC';
}
