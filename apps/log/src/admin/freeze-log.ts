import { EVENT, logFrozen, readEntriesSequenced } from '../events.js';
import { LogError } from '../log-error.js';
import type { OfflineLog } from './offline-log.js';

/**
 * Ends a log: its entries stay, it takes no new ones. The service signs the final checkpoint at its next start.
 * @returns how many entries it has
 * @throws LogError gap when there is no log, read-only when it is frozen already
 */
export async function freezeLog({ store, stream, origin }: OfflineLog): Promise<bigint> {
  const last = await store.last(stream);
  if (!last) throw new LogError('gap', `the store holds no log ${origin}`);
  if (last.type === EVENT.logFrozen) throw new LogError('read-only', `the log ${origin} is frozen already`);
  let finalSize = 0n;
  if (last.type === EVENT.entriesSequenced) {
    const { firstIndex, count } = readEntriesSequenced(last);
    finalSize = firstIndex + BigInt(count);
  }
  await store.append(stream, last.revision, [logFrozen(stream, { finalSize })]);
  return finalSize;
}
