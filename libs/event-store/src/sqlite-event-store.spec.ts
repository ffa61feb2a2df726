import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reopeningContract } from './contract/closing.js';
import { collect, newEvent, newEvents, newStream, type DurableSubject } from './contract/subject.js';
import { embeddedStoreContract, eventStoreContract } from './event-store.contract.js';
import { SqliteEventStore } from './sqlite-event-store.js';

async function openAt(directory: string): Promise<DurableSubject> {
  const store = await SqliteEventStore.open({ path: join(directory, 'events.db') });
  return {
    store,
    dispose: async () => {
      await store.close();
      await rm(directory, { recursive: true });
    },
    reopen: async () => {
      await store.close();
      return openAt(directory);
    },
  };
}

const open = async (): Promise<DurableSubject> => openAt(await mkdtemp(join(tmpdir(), 'tally-events-')));

eventStoreContract('the store on SQLite', open);
embeddedStoreContract('the store on SQLite', open);

describe('the store on SQLite', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tally-events-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  reopeningContract(open);

  test('makes the directories on its way', async () => {
    const path = join(directory, 'some', 'where', 'events.db');
    const store = await SqliteEventStore.open({ path });
    await store.append('a', 'no_stream', newEvents(1));
    await store.close();
  });

  test('has one opener at a time', async () => {
    const path = join(directory, 'locked.db');
    const store = await SqliteEventStore.open({ path });
    await expect(SqliteEventStore.open({ path })).rejects.toThrow(expect.objectContaining({ code: 'store-locked' }));
    await store.append('a', 'no_stream', newEvents(1));
    await store.close();
    const again = await SqliteEventStore.open({ path });
    expect(await again.head('a')).toBe(0n);
    await again.close();
  });

  test('refuses a file that is no database', async () => {
    const path = join(directory, 'text.db');
    await writeFile(path, 'not a database, but long enough to be taken for one'.repeat(100));
    await expect(SqliteEventStore.open({ path })).rejects.toThrow(expect.objectContaining({ code: 'wrong-format' }));
  });

  test('refuses the database of another program, and leaves it as it is', async () => {
    const path = join(directory, 'other.db');
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE stream (name TEXT)');
    other.close();
    await expect(SqliteEventStore.open({ path })).rejects.toThrow(expect.objectContaining({ code: 'wrong-format' }));
    const after = new DatabaseSync(path);
    expect(after.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    after.close();
  });

  test('refuses a path that it can not open', async () => {
    await expect(SqliteEventStore.open({ path: directory })).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    );
  });

  test('takes more in one turn than fits into one transaction', async () => {
    const { store, dispose } = await open();
    const stream = newStream();
    const appends: Promise<unknown>[] = [];
    for (let at = 0n; at < 5000n; at++)
      appends.push(store.append(stream, at === 0n ? 'no_stream' : at - 1n, newEvents(1)));
    await Promise.all(appends);
    expect(await store.head(stream)).toBe(4999n);
    await dispose();
  });

  test('keeps its write-ahead log short', async () => {
    const path = join(directory, 'long.db');
    const store = await SqliteEventStore.open({ path });
    const event = newEvent(new Uint8Array(256 * 1024));
    for (let at = 0n; at < 160n; at++) await store.append('a', at === 0n ? 'no_stream' : at - 1n, [event]); // 40 MiB
    expect((await stat(`${path}-wal`)).size).toBeLessThan(6 * 1024 * 1024);
    await store.close();
  });

  test('reads a long stream without keeping the others from the loop', async () => {
    const { store, dispose } = await open();
    const stream = newStream();
    for (let at = 0n; at < 4000n; at += 1000n)
      await store.append(stream, at === 0n ? 'no_stream' : at - 1n, newEvents(1000));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await collect(store.readStream(stream));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
    await dispose();
  });
});
