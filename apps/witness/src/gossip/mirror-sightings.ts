import { CodedError } from '#libs/crypto';
import { formatEvidence, openSignedHeads } from '#libs/evidence';
import type { LogDirectory, Observer as GossipObserver } from '#libs/gossip';
import { parseNote } from '#libs/note';
import type { Logger } from 'pino';
import type { CheckpointConflict } from '../mirror/conflict.js';
import type { MirrorListener } from '../mirror/mirror-options.js';
import type { Sightings } from './sightings.js';

/** What the mirror sees goes where everything goes that the witness sees: a mirror has the tiles that convict. */
export function mirrorSightings(
  sightings: Sightings,
  observer: GossipObserver,
  logs: LogDirectory,
  logger: Logger,
): MirrorListener {
  const seen = (note: Uint8Array): void => void observer.observe(note, 'mirror');
  const convict = async ({ origin, kept, found, between }: CheckpointConflict): Promise<void> => {
    seen(kept);
    seen(found);
    if (!between) return;
    const keys = logs.find(origin)?.keys ?? [];
    const [one, other] = [kept, found].map((note) => openSignedHeads(parseNote(note), keys));
    for (const mine of one ?? []) {
      const theirs = other?.find(({ key }) => key === mine.key);
      if (!theirs) continue;
      const [older, newer] = mine.checkpoint.size < theirs.checkpoint.size ? [mine, theirs] : [theirs, mine];
      await observer.accept(
        formatEvidence({
          kind: 'different-sizes',
          accused: mine.key,
          origin,
          older: older.note,
          newer: newer.note,
          ...between,
        }),
      );
    }
  };
  return {
    observer: {
      refuses: (head) => sightings.refuses(head),
      seen: ({ note }) => seen(note),
    },
    onConflict: (conflict) => {
      convict(conflict).catch((err: unknown) => {
        const { origin } = conflict;
        if (err instanceof CodedError) logger.warn({ err, origin }, 'what the mirror found is no evidence');
        else logger.error({ err, origin }, 'what the mirror found could not be judged');
      });
    },
  };
}
