import { describe, expect, test } from '@jest/globals';
import { type EventStore, EventStoreError, MemoryEventStore, type StoredEvent } from '#libs/event-store';
import { CERTIFICATE_ISSUED, type CertificateIssued, decodeCertificateIssued } from './certificate-issued.js';
import { IssuanceJournal } from './issuance-journal.js';

const KEY_HASH = new Uint8Array(32).fill(0xab);

function issued(number: number): CertificateIssued {
  return {
    certificateHash: new Uint8Array(32).fill(number),
    serialNumber: Uint8Array.of(number),
    notBeforeMs: 1n,
    notAfterMs: 2n,
    logId: new Uint8Array(32),
    sctTimestampMs: 1n,
    leafIndex: BigInt(number),
  };
}

async function recorded(store: EventStore, journal: IssuanceJournal): Promise<(bigint | undefined)[]> {
  const events: StoredEvent[] = [];
  for await (const event of store.readStream(journal.stream)) events.push(event);
  expect(events.every(({ type }) => type === CERTIFICATE_ISSUED)).toBe(true);
  return events.map(({ data }) => decodeCertificateIssued(data).leafIndex);
}

describe('the journal of a CA', () => {
  test('is the stream of its key, and holds what was issued in order', async () => {
    const store = new MemoryEventStore();
    const journal = await IssuanceJournal.open(store, KEY_HASH);
    expect(journal.stream).toBe(`ca-${'ab'.repeat(32)}`);
    await Promise.all(Array.from({ length: 200 }, (_, i) => journal.record(issued(i))));
    expect(await recorded(store, journal)).toEqual(Array.from({ length: 200 }, (_, i) => BigInt(i)));
  });

  test('goes on where it ended', async () => {
    const store = new MemoryEventStore();
    await (await IssuanceJournal.open(store, KEY_HASH)).record(issued(1));
    const journal = await IssuanceJournal.open(store, KEY_HASH);
    await journal.record(issued(2));
    expect(await recorded(store, journal)).toEqual([1n, 2n]);
  });

  test('is shared by processes with the same key', async () => {
    const store = new MemoryEventStore();
    const [a, b] = await Promise.all([IssuanceJournal.open(store, KEY_HASH), IssuanceJournal.open(store, KEY_HASH)]);
    await a.record(issued(1));
    await b.record(issued(2));
    await a.record(issued(3));
    expect(await recorded(store, a)).toEqual([1n, 2n, 3n]);
  });

  test('records nothing that the store refuses, and says so', async () => {
    const store = new MemoryEventStore();
    const journal = await IssuanceJournal.open(store, KEY_HASH);
    expect(await journal.problem()).toBeUndefined();
    await store.close();
    expect(await journal.problem()).toBe('unavailable');
    await expect(journal.record(issued(1))).rejects.toThrow(expect.objectContaining({ code: 'store-unavailable' }));
  });

  test('records an event once when the answer to its append is lost', async () => {
    const store = new ForgetfulStore();
    const journal = await IssuanceJournal.open(store, KEY_HASH);
    await journal.record(issued(1));
    await journal.record(issued(2));
    expect(store.lost).toBe(2);
    expect(await recorded(store, journal)).toEqual([1n, 2n]);
  });
});

/** A store whose answers get lost: each append is carried out, and first said to be unknown. */
class ForgetfulStore extends MemoryEventStore {
  lost = 0;
  readonly #told = new Set<string>();

  override async append(...[stream, expected, events]: Parameters<EventStore['append']>) {
    const appended = await super.append(stream, expected, events);
    const id = events[0]?.id ?? '';
    if (this.#told.has(id)) return appended;
    this.#told.add(id);
    this.lost++;
    throw new EventStoreError('outcome-unknown', 'no answer in time');
  }
}
