import { describe, expect, test } from '@jest/globals';
import { EventStoreError, MemoryEventStore, type Appended, type Expected, type NewEvent } from '#libs/event-store';
import { createLogger } from '#libs/server';
import { originHash } from '#libs/tlog';
import { SignedLog } from '../../../../test/signed-log.js';
import type { CheckpointCosigned } from './checkpoint-cosigned.js';
import { Heads } from './heads.js';

const quiet = createLogger('witness', { write: () => undefined });
const log = new SignedLog('example.com/log');
const ORIGIN = originHash(log.origin);

async function cosigned(size: number, timestamp = 1n): Promise<CheckpointCosigned> {
  const { root } = log.head(size);
  return { size: BigInt(size), root, timestamp, note: await log.note(log.head(size)) };
}

/** A store whose next appends end as they are told to. */
class FailingStore extends MemoryEventStore {
  readonly failures: { code: 'outcome-unknown' | 'store-poisoned' | 'unavailable'; persisted: boolean }[] = [];
  readonly ids: string[] = [];

  override async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
    this.ids.push(...events.map(({ id }) => id));
    const failure = this.failures.shift();
    if (!failure) return super.append(stream, expected, events);
    if (failure.persisted) await super.append(stream, expected, events);
    throw new EventStoreError(failure.code, 'as the test asked for');
  }
}

describe('the head of an origin', () => {
  test('is nothing, until something was cosigned', async () => {
    const heads = new Heads(new MemoryEventStore(), quiet);
    const none = await heads.load(ORIGIN);
    expect(none).toEqual({ revision: 'no_stream', cosigned: undefined });
    expect(await heads.advance(ORIGIN, none, await cosigned(3))).toBe(true);
    expect(await heads.load(ORIGIN)).toEqual({ revision: 0n, cosigned: await cosigned(3) });
  });

  test('is what is stored, for another one that opens the store', async () => {
    const store = new MemoryEventStore();
    await new Heads(store, quiet).advance(ORIGIN, { revision: 'no_stream', cosigned: undefined }, await cosigned(3));
    expect(await new Heads(store, quiet).load(ORIGIN)).toEqual({ revision: 0n, cosigned: await cosigned(3) });
  });

  test('moves for one of two that build on the same one', async () => {
    const store = new MemoryEventStore();
    const [one, two] = [new Heads(store, quiet), new Heads(store, quiet)];
    const start = await one.load(ORIGIN);
    const moved = await Promise.all([
      one.advance(ORIGIN, start, await cosigned(3)),
      two.advance(ORIGIN, start, await cosigned(3)),
    ]);
    expect(moved.toSorted()).toEqual([false, true]);
    expect((await one.load(ORIGIN)).revision).toBe(0n);
    expect((await two.load(ORIGIN)).revision).toBe(0n);
  });

  test('that was overtaken is read again', async () => {
    const store = new MemoryEventStore();
    const [one, two] = [new Heads(store, quiet), new Heads(store, quiet)];
    for (const size of [2, 3]) await one.advance(ORIGIN, await one.load(ORIGIN), await cosigned(size));
    await two.advance(ORIGIN, await two.load(ORIGIN), await cosigned(5));
    // What moved twice in a row is kept in memory, and this one has not heard of the other.
    expect(await one.advance(ORIGIN, await one.load(ORIGIN), await cosigned(7))).toBe(false);
    expect((await one.load(ORIGIN)).cosigned?.size).toBe(5n);
  });

  test('is not written again where nothing changed', async () => {
    const store = new MemoryEventStore();
    const heads = new Heads(store, quiet);
    await heads.advance(ORIGIN, await heads.load(ORIGIN), await cosigned(3));
    expect(await heads.advance(ORIGIN, await heads.load(ORIGIN), await cosigned(3))).toBe(true);
    expect(await store.head(`witness-${ORIGIN}`)).toBe(0n);
    expect(await heads.advance(ORIGIN, await heads.load(ORIGIN), await cosigned(3, 2n))).toBe(true);
    expect(await store.head(`witness-${ORIGIN}`)).toBe(1n);
  });

  test('stays, while those long before it are forgotten', async () => {
    const store = new MemoryEventStore();
    const heads = new Heads(store, quiet);
    for (let time = 0n; time <= 257n; time++) {
      await heads.advance(ORIGIN, await heads.load(ORIGIN), await cosigned(3, time));
    }
    const revisions = [];
    for await (const { revision } of store.readStream(`witness-${ORIGIN}`)) revisions.push(revision);
    expect(revisions).toEqual([256n, 257n]);
  });

  test('of five thousand origins is found, in memory or not', async () => {
    const heads = new Heads(new MemoryEventStore(), quiet);
    const origins = Array.from({ length: 5000 }, (_, i) => originHash(`example.com/${i}`));
    const head = await cosigned(3);
    for (const origin of origins) await heads.advance(origin, { revision: 'no_stream', cosigned: undefined }, head);
    for (const origin of origins) expect((await heads.load(origin)).revision).toBe(0n);
  });

  test('is not guessed from an event that can not be read', async () => {
    const store = new MemoryEventStore();
    const event = { id: '00000000-0000-4000-8000-000000000000', type: 'Other/v1', data: new Uint8Array(0) };
    await store.append(`witness-${ORIGIN}`, 'no_stream', [event]);
    await expect(new Heads(store, quiet).load(ORIGIN)).rejects.toThrow(/Other\/v1/);
  });
});

describe('an append', () => {
  test.each([true, false])('whose answer was lost is repeated with one id (persisted: %s)', async (persisted) => {
    const store = new FailingStore();
    const heads = new Heads(store, quiet);
    store.failures.push({ code: 'outcome-unknown', persisted }, { code: 'outcome-unknown', persisted: false });
    expect(await heads.advance(ORIGIN, await heads.load(ORIGIN), await cosigned(3))).toBe(true);
    expect(new Set(store.ids).size).toBe(1);
    expect(await store.head(`witness-${ORIGIN}`)).toBe(0n);
  });

  test.each([true, false])(
    'that stays unanswered fails, and what is stored is seen (persisted: %s)',
    async (persisted) => {
      const store = new FailingStore();
      const heads = new Heads(store, quiet);
      for (let i = 0; i < 3; i++) store.failures.push({ code: 'outcome-unknown', persisted });
      const append = heads.advance(ORIGIN, await heads.load(ORIGIN), await cosigned(3));
      await expect(append).rejects.toThrow(expect.objectContaining({ code: 'outcome-unknown' }));
      expect((await heads.load(ORIGIN)).cosigned?.size).toBe(persisted ? 3n : undefined);
      expect(heads.problem()).toBeUndefined();
    },
  );

  test('that poisoned the store makes the witness unready', async () => {
    const store = new FailingStore();
    const heads = new Heads(store, quiet);
    store.failures.push({ code: 'store-poisoned', persisted: false });
    const append = heads.advance(ORIGIN, await heads.load(ORIGIN), await cosigned(3));
    await expect(append).rejects.toThrow(expect.objectContaining({ code: 'store-poisoned' }));
    expect(heads.problem()).toMatch(/commit failed/);
  });
});
