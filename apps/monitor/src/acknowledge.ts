import { EventStoreError, SqliteEventStore } from '#libs/event-store';
import { EvidenceStore, type StoredEvidence } from '#libs/gossip';
import { SettingsError } from '#libs/server';
import type { MonitorConfig } from './config.js';
import { eventStorePath, evidencePath } from './data-directory.js';

const ID_MIN_DIGITS = 16;

/**
 * The operator has seen an evidence: its alarm ends with the next start, and does not come back. `id`: the first 16 digits or
 * more. @throws SettingsError for an ID that there is no evidence of; EventStoreError, store-locked while the monitor runs
 */
export async function acknowledge(config: MonitorConfig, id: string): Promise<StoredEvidence> {
  const store = await openStore(config.dataDirectory);
  try {
    const directory = evidencePath(config.dataDirectory);
    const evidence = await EvidenceStore.open({ store, directory, now: Date.now });
    const found = evidence.list().find((one) => id.length >= ID_MIN_DIGITS && one.id.startsWith(id.toLowerCase()));
    if (found === undefined) {
      const there = evidence.list().map((one) => `\n  ${one.id.slice(0, ID_MIN_DIGITS)}  ${one.proven.summary}`);
      const list = there.length === 0 ? 'there is none' : `there is${there.join('')}`;
      throw new SettingsError(`no evidence has the ID ${JSON.stringify(id)}; ${list}`);
    }
    if (found.frozen) await evidence.unfreeze(found.id);
    return found;
  } finally {
    await store.close();
  }
}

async function openStore(dataDirectory: string): Promise<SqliteEventStore> {
  try {
    return await SqliteEventStore.open({ path: eventStorePath(dataDirectory) });
  } catch (cause) {
    if (!(cause instanceof EventStoreError) || cause.code !== 'store-locked') throw cause;
    throw new EventStoreError('store-locked', `${cause.message}: stop the monitor first`, { cause });
  }
}
