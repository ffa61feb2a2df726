import { EvidenceStore } from '#libs/gossip';
import { SqliteEventStore } from '#libs/event-store';
import { formatVerifierKey } from '#libs/note';
import { SettingsError } from '#libs/server';
import type { WitnessConfig } from '../config.js';
import { eventStorePath, evidencePath } from '../data-directory.js';

/**
 * The operator's act, with the service stopped: the keys that evidence about this log accuses are cosigned again. The
 * evidence stays where it is, and is no reason any more to freeze them. The verifier keys that were frozen.
 * @throws SettingsError when nothing is frozen, EventStoreError
 */
export async function unfreeze({ dataDirectory }: WitnessConfig, origin: string): Promise<string[]> {
  const store = await SqliteEventStore.open({ path: eventStorePath(dataDirectory) });
  try {
    const directory = evidencePath(dataDirectory);
    const evidence = await EvidenceStore.open({ store, directory, now: Date.now });
    const frozen = evidence.list().filter((stored) => stored.frozen && stored.proven.origin === origin);
    if (frozen.length === 0) throw new SettingsError(`no key is frozen for what was signed about ${origin}`);
    for (const { id } of frozen) await evidence.unfreeze(id);
    return frozen.map(({ proven }) => formatVerifierKey(proven.accused));
  } finally {
    await store.close();
  }
}
