import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { EventStoreError, eventId, type EventStore, type NewEvent } from '#libs/event-store';
import { openLive } from './server.js';

const EACH = 100;

interface Written {
  readonly id: string;
  readonly revision: bigint;
}

/** Appends one after the other, each on what it last saw; on a conflict it looks again, and says the same thing there. */
async function write(store: EventStore, stream: string, writer: string): Promise<Written[]> {
  const written: Written[] = [];
  while (written.length < EACH) {
    const data = new TextEncoder().encode(`${writer} ${written.length}`);
    const event: NewEvent = { id: eventId('two-writers/v1', data), type: 'Tested/v1', data };
    const expected = await store.head(stream);
    try {
      const { last } = await store.append(stream, expected, [event]);
      written.push({ id: event.id, revision: last });
    } catch (error) {
      if (!(error instanceof EventStoreError) || error.code !== 'wrong-expected-revision') throw error;
    }
  }
  return written;
}

test('two writers on one stream: every event once, where its writer was told, without a gap', async () => {
  const stream = `live-two-writers-${randomUUID()}`;
  const [one, two] = [await openLive(), await openLive()];
  const written = (await Promise.all([write(one, stream, 'one'), write(two, stream, 'two')])).flat();
  const stored = new Map<bigint, string>();
  for await (const { revision, id } of one.readStream(stream)) stored.set(revision, id);
  expect([...stored.keys()]).toEqual(Array.from({ length: 2 * EACH }, (_, at) => BigInt(at)));
  for (const { revision, id } of written) expect(stored.get(revision)).toBe(id);
  await Promise.all([one.close(), two.close()]);
});
