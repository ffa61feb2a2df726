import { describe, expect, test } from '@jest/globals';
import type { EventStore, NewEvent } from '../event-store.js';
import { collect, idsOf, newEvent, newEvents, newStream } from './subject.js';

/** An event of exactly so many bytes by the measure of `limits`. */
function eventOfSize(bytes: number): NewEvent {
  const { type } = newEvent();
  return newEvent(new Uint8Array(bytes - type.length));
}

export function appendingContract(store: () => EventStore): void {
  describe('an append', () => {
    test('of a new stream begins at revision 0', async () => {
      const stream = newStream();
      expect(await store().append(stream, 'no_stream', newEvents(1))).toMatchObject({ first: 0n, last: 0n });
      expect(await store().head(stream)).toBe(0n);
    });

    test('continues densely, whatever the number of its events', async () => {
      const stream = newStream();
      const events = newEvents(6);
      await store().append(stream, 'no_stream', events.slice(0, 1));
      expect(await store().append(stream, 0n, events.slice(1, 4))).toMatchObject({ first: 1n, last: 3n });
      expect(await store().append(stream, 3n, events.slice(4))).toMatchObject({ first: 4n, last: 5n });
      const stored = await collect(store().readStream(stream));
      expect(stored.map(({ revision, id }) => [revision, id])).toEqual(events.map(({ id }, at) => [BigInt(at), id]));
    });

    test('is seen by head and by last as soon as it has resolved', async () => {
      const stream = newStream();
      for (let revision = 0n; revision < 20n; revision++) {
        const event = newEvent();
        const { position } = await store().append(stream, revision === 0n ? 'no_stream' : revision - 1n, [event]);
        expect(await store().head(stream)).toBe(revision);
        expect(await store().last(stream)).toMatchObject({ stream, revision, position, ...event });
      }
    });

    test.each([0n, 1n, 3n, 100n])(
      'that expects revision %d of a stream at 2 is refused with what it is',
      async (expected) => {
        const stream = newStream();
        await store().append(stream, 'no_stream', newEvents(3));
        await expect(store().append(stream, expected, newEvents(1))).rejects.toThrow(
          expect.objectContaining({ code: 'wrong-expected-revision', actual: 2n }),
        );
        expect(await store().head(stream)).toBe(2n);
      },
    );

    test('that expects no stream is refused when there is one', async () => {
      const stream = newStream();
      await store().append(stream, 'no_stream', newEvents(1));
      await expect(store().append(stream, 'no_stream', newEvents(1))).rejects.toThrow(
        expect.objectContaining({ code: 'wrong-expected-revision', actual: 0n }),
      );
    });

    test('that expects a revision is refused when there is no stream', async () => {
      await expect(store().append(newStream(), 0n, newEvents(1))).rejects.toThrow(
        expect.objectContaining({ code: 'wrong-expected-revision', actual: 'no_stream' }),
      );
    });

    test('of 64 writers with one expected revision is that of exactly one', async () => {
      const stream = newStream();
      for (let round = 0n; round < 200n; round++) {
        const expected = round === 0n ? 'no_stream' : round - 1n;
        const outcomes = await Promise.allSettled(
          Array.from({ length: 64 }, () => store().append(stream, expected, newEvents(1))),
        );
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') {
            expect(outcome.reason).toMatchObject({ code: 'wrong-expected-revision', actual: round });
          }
        }
      }
      expect(await store().head(stream)).toBe(199n);
    });

    test('that fails does not fail those that are made with it', async () => {
      const taken = newStream();
      await store().append(taken, 'no_stream', newEvents(1));
      const appends = Array.from({ length: 30 }, (_, at) =>
        store().append(at % 3 === 0 ? taken : newStream(), 'no_stream', newEvents(2)),
      );
      const outcomes = await Promise.allSettled(appends);
      expect(outcomes.map(({ status }) => status)).toEqual(
        outcomes.map((_, at) => (at % 3 === 0 ? 'rejected' : 'fulfilled')),
      );
      expect(await store().head(taken)).toBe(0n);
    });

    test('over a limit is refused as a whole', async () => {
      const { appendBytes, appendEvents, eventBytes } = store().limits;
      const half = Math.min(eventBytes, Math.ceil(appendBytes / 2));
      const tooLarge = [
        [newEvent(), eventOfSize(eventBytes + 1)],
        newEvents(appendEvents + 1),
        Array.from({ length: Math.floor(appendBytes / half) + 1 }, () => eventOfSize(half)),
      ];
      for (const events of tooLarge) {
        const stream = newStream();
        await expect(store().append(stream, 'no_stream', events)).rejects.toThrow(
          expect.objectContaining({ code: 'too-large' }),
        );
        expect(await store().head(stream)).toBe('no_stream');
      }
    });

    test('at its limits is taken', async () => {
      const { appendEvents, eventBytes } = store().limits;
      const stream = newStream();
      await store().append(stream, 'no_stream', [eventOfSize(eventBytes)]);
      await store().append(stream, 0n, newEvents(appendEvents));
      expect(await store().head(stream)).toBe(BigInt(appendEvents));
    });

    test.each<[string, string, bigint, NewEvent[]]>([
      ['no events', newStream(), 0n, []],
      ['a stream without a name', '', 0n, newEvents(1)],
      ['a stream that belongs to the store', '$all', 0n, newEvents(1)],
      ['a stream name with a line feed', 'a\nb', 0n, newEvents(1)],
      ['a stream name that is not Unicode', 'a\ud800', 0n, newEvents(1)],
      ['a stream name that is too long', 'a'.repeat(513), 0n, newEvents(1)],
      ['an id that is no UUID', newStream(), 0n, [{ ...newEvent(), id: 'one' }]],
      ['an id in upper case', newStream(), 0n, [{ ...newEvent(), id: newEvent().id.toUpperCase().replace(/^./, 'A') }]],
      ['an event without a type', newStream(), 0n, [{ ...newEvent(), type: '' }]],
      ['a negative revision', newStream(), -1n, newEvents(1)],
      ['a revision over 63 bits', newStream(), 2n ** 63n, newEvents(1)],
    ])('with %s is no append', async (_, stream, expected, events) => {
      await expect(store().append(stream, expected, events)).rejects.toThrow(
        expect.objectContaining({ code: 'invalid-request' }),
      );
    });

    test('gives back every byte and all metadata', async () => {
      const stream = newStream();
      const everyByte = Uint8Array.from({ length: 256 }, (__, at) => at);
      const events: NewEvent[] = [
        newEvent(new Uint8Array(0)),
        newEvent(Uint8Array.of(0)),
        newEvent(everyByte),
        newEvent(new Uint8Array(Math.min(1024 * 1024, store().limits.eventBytes - 64)).fill(0xff)),
        { ...newEvent(), meta: {} },
        { ...newEvent(), meta: { '': '', name: 'J\u00fcrgen \u0000 "\ud83d\ude00"' } },
      ];
      let expected: bigint | 'no_stream' = 'no_stream';
      for (const event of events) expected = (await store().append(stream, expected, [event])).last;
      const stored = await collect(store().readStream(stream));
      for (const [at, event] of events.entries()) {
        expect(stored[at]?.data.length).toBe(event.data.length);
        expect(Buffer.compare(stored[at]?.data ?? new Uint8Array(), event.data)).toBe(0);
        expect(stored[at]?.meta).toEqual(event.meta);
        expect([stored[at]?.id, stored[at]?.type, stored[at]?.stream]).toEqual([event.id, event.type, stream]);
      }
    });
  });

  describe('an append that is made again', () => {
    test('has the same answer and is written once, also after later appends', async () => {
      const stream = newStream();
      const [first, second] = [newEvents(3), newEvents(2)];
      const answers = [await store().append(stream, 'no_stream', first), await store().append(stream, 2n, second)];
      await store().append(stream, 4n, newEvents(1));
      expect(await store().append(stream, 'no_stream', first)).toEqual(answers[0]);
      expect(await store().append(stream, 2n, second)).toEqual(answers[1]);
      expect(await store().head(stream)).toBe(5n);
    });

    test('while the first one is under way is written once', async () => {
      const stream = newStream();
      const events = newEvents(3);
      const answers = await Promise.all(Array.from({ length: 8 }, () => store().append(stream, 'no_stream', events)));
      expect(answers).toEqual(Array.from({ length: 8 }, () => answers[0]));
      expect(await store().head(stream)).toBe(2n);
    });

    test('with another event in the middle or at the end is neither, and nothing is written', async () => {
      const stream = newStream();
      const events = newEvents(3);
      await store().append(stream, 'no_stream', events);
      const [one, two, three] = events as [NewEvent, NewEvent, NewEvent];
      for (const retry of [
        [one, newEvent(), three],
        [one, two, newEvent()],
        [...events, newEvent()],
      ]) {
        await expect(store().append(stream, 'no_stream', retry)).rejects.toThrow(
          expect.objectContaining({ code: 'invalid-retry' }),
        );
      }
      expect(await idsOf(store(), stream)).toEqual(events.map(({ id }) => id));
    });

    test('with fewer events than before is a retry of those', async () => {
      const stream = newStream();
      const events = newEvents(3);
      await store().append(stream, 'no_stream', events);
      expect(await store().append(stream, 'no_stream', events.slice(0, 2))).toMatchObject({ first: 0n, last: 1n });
      expect(await store().head(stream)).toBe(2n);
    });

    test('at another revision is another append: ids are not unique', async () => {
      const stream = newStream();
      const events = newEvents(2);
      await store().append(stream, 'no_stream', events);
      await store().append(stream, 1n, events);
      await store().append(newStream(), 'no_stream', events);
      expect(await idsOf(store(), stream)).toEqual([...events, ...events].map(({ id }) => id));
    });
  });
}
