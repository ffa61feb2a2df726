import { join } from 'node:path';
import { SqliteEventStore, type Expected } from '#libs/event-store';

/** Seconds that the store takes for `count` events of so many bytes, by as many callers at once, each with its stream. */
export async function appendEvents(
  folder: string,
  { count, bytes, atOnce }: { readonly count: number; readonly bytes: number; readonly atOnce: number },
): Promise<number> {
  const store = await SqliteEventStore.open({ path: join(folder, 'store', 'events.sqlite') });
  const noise = crypto.getRandomValues(new Uint8Array(bytes));
  let left = count;
  const one = async (_: unknown, caller: number): Promise<void> => {
    const stream = `caller-${caller}`;
    for (let expected: Expected = 'no_stream'; left-- > 0;) {
      const data = noise.slice();
      new DataView(data.buffer).setFloat64(0, left);
      const event = { id: crypto.randomUUID(), type: 'Bench/v1', data };
      expected = (await store.append(stream, expected, [event])).last;
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: atOnce }, one));
  const seconds = (performance.now() - start) / 1000;
  await store.close();
  return seconds;
}
