import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { collect, idsOf, newEvent, newEvents, newStream } from './contract/subject.js';
import type { NewEvent, StoredEvent } from './event-store.js';
import { KurrentEventStore, type KurrentOptions } from './kurrent-event-store.js';
import { KurrentWireDouble, type AppendFault } from './testing/kurrent-wire-double.js';
import { WireLog } from './testing/wire-log.js';

const open: { close(): Promise<void> }[] = [];

async function startDouble(log?: WireLog): Promise<KurrentWireDouble> {
  const double = await KurrentWireDouble.start(log);
  open.push({ close: () => double.stop() });
  return double;
}

/** For what should succeed, however busy the machine is, and longer than what should fail in time may take. */
const PATIENCE_MS = 90_000;
const IN_TIME_MS = 30_000;

async function openStore(url: string, options: Partial<KurrentOptions> = {}): Promise<KurrentEventStore> {
  const patience = { appendTimeoutMs: PATIENCE_MS, readTimeoutMs: PATIENCE_MS };
  const store = await KurrentEventStore.open({ url, ...patience, ...options });
  open.push(store);
  return store;
}

afterEach(async () => {
  for (const { close } of open
    .splice(0)
    .toReversed()
    .map((it) => ({ close: () => it.close() })))
    await close();
});

describe('on the wire', () => {
  test('every append has its fence, asks for the leader, and keeps its ids; also that of metadata', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const stream = newStream();
    const [first, second] = [newEvents(2), newEvents(1)];
    await store.append(stream, 'no_stream', first);
    await store.append(stream, 1n, second);
    await expect(store.append(stream, 7n, newEvents(1))).rejects.toThrow();
    await store.truncateBefore(stream, 1n);
    await store.truncateBefore(stream, 2n);
    expect(double.appends.map(({ stream: name, expected }) => [name, expected])).toEqual([
      [stream, 'no_stream'],
      [stream, 1n],
      [stream, 7n],
      [`$$${stream}`, 'no_stream'],
      [`$$${stream}`, 0n],
    ]);
    expect(double.appends.slice(0, 2).map(({ ids }) => ids)).toEqual(
      [first, second].map((all) => all.map(({ id }) => id)),
    );
    expect(double.appends.every(({ requiresLeader }) => requiresLeader)).toBe(true);
  });

  test('every read asks for the leader, whatever node the connection string prefers', async () => {
    const double = await startDouble();
    const store = await openStore(`${double.url}&nodePreference=follower`);
    const stream = newStream();
    await store.append(stream, 'no_stream', newEvents(3));
    await store.head(stream);
    await store.last(stream);
    await collect(store.readStream(stream));
    await collect(store.readAll());
    for await (const item of store.subscribe(stream, { from: 0n, signal: new AbortController().signal })) {
      if (item === 'caught-up') break;
    }
    expect(double.reads.length).toBeGreaterThan(5);
    expect(double.reads.filter(({ requiresLeader }) => !requiresLeader)).toEqual([]);
  });
});

describe('an append', () => {
  test.each<[AppendFault, boolean]>([
    ['silence', false],
    ['end', false],
    ['lost-answer', true],
  ])('that meets %s ends in time as outcome-unknown, and made again is written once', async (fault, written) => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const stream = newStream();
    await store.append(stream, 'no_stream', newEvents(1));
    double.appendFaults.push(fault);
    const events = newEvents(3);
    const began = performance.now();
    do {
      await expect(store.append(stream, 0n, events, { timeoutMs: 300 })).rejects.toThrow(
        expect.objectContaining({ code: 'outcome-unknown' }),
      );
    } while (double.appendFaults.length > 0); // on a busy machine the time may be over before anything was sent
    expect(performance.now() - began).toBeLessThan(IN_TIME_MS);
    expect(await store.head(stream)).toBe(written ? 3n : 0n);
    const answer = await store.append(stream, 0n, events);
    expect(answer).toMatchObject({ first: 1n, last: 3n });
    expect(await store.append(stream, 0n, events)).toEqual(answer);
    expect((await idsOf(store, stream)).slice(1)).toEqual(events.map(({ id }) => id));
  });

  test.each<AppendFault>(['unavailable', 'lost-connection', 'duplicate-answer'])(
    'that meets %s succeeds by itself, and is written once',
    async (fault) => {
      const double = await startDouble();
      const store = await openStore(double.url);
      const stream = newStream();
      double.appendFaults.push(fault);
      const events = newEvents(2);
      expect(await store.append(stream, 'no_stream', events)).toMatchObject({ first: 0n, last: 1n });
      expect(await store.append(stream, 1n, newEvents(1))).toMatchObject({ first: 2n, last: 2n });
      expect((await idsOf(store, stream)).slice(0, 2)).toEqual(events.map(({ id }) => id));
      const made = double.appends.filter(({ expected }) => expected === 'no_stream');
      expect(new Set(made.map(({ ids }) => ids.join())).size).toBe(1);
    },
  );

  test('that meets a follower goes to the leader', async () => {
    const log = new WireLog();
    const [leader, follower] = [await startDouble(log), await startDouble(log)];
    follower.leader = leader;
    const store = await openStore(follower.url);
    const stream = newStream();
    follower.appendFaults.push('not-leader');
    await store.append(stream, 'no_stream', newEvents(1));
    expect([follower.appends.length, leader.appends.length]).toEqual([1, 1]);
    follower.readFaults.push('not-leader');
    expect(await store.head(stream)).toBe(0n);
    expect(leader.reads).toHaveLength(1);
  });

  test('that is without an answer again and again ends in time', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    double.appendFaults.push(...Array.from({ length: 50 }, () => 'unavailable' as const));
    const began = performance.now();
    await expect(store.append(newStream(), 'no_stream', newEvents(1), { timeoutMs: 400 })).rejects.toThrow(
      expect.objectContaining({ code: 'outcome-unknown' }),
    );
    expect(performance.now() - began).toBeLessThan(IN_TIME_MS);
  });

  test('to a server that is not there ends in time', async () => {
    const double = await startDouble();
    await double.stop();
    const store = await openStore(double.url);
    await expect(store.append(newStream(), 'no_stream', newEvents(1), { timeoutMs: 300 })).rejects.toThrow(
      expect.objectContaining({ code: 'outcome-unknown' }),
    );
  });

  test('of which only the beginning was written by another is an invalid retry, however the server calls it', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const stream = newStream();
    const [one, two] = newEvents(2) as [NewEvent, NewEvent];
    await (await openStore(double.url)).append(stream, 'no_stream', [one]);
    await expect(store.append(stream, 'no_stream', [one, two])).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-retry' }),
    );
  });

  test('others are not hurt by one that gets no answer', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const streams = Array.from({ length: 10 }, () => newStream());
    await store.append(newStream(), 'no_stream', newEvents(1));
    double.appendFaults.push('silence', 'lost-answer');
    const outcomes = await Promise.allSettled(
      streams.map((stream, at) =>
        store.append(stream, 'no_stream', newEvents(1), { timeoutMs: at < 2 ? 2_000 : PATIENCE_MS }),
      ),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(streams.map((_, at) => (at < 2 ? 'rejected' : 'fulfilled')));
  });

  test('too large for the server, but not for the configuration, is refused as a whole', async () => {
    const double = await startDouble();
    const store = await openStore(double.url, { limits: { appendBytes: 8e6, eventBytes: 8e6 } });
    const stream = newStream();
    const large = [newEvent(), newEvent(new Uint8Array(1024 * 1024))];
    await expect(store.append(stream, 'no_stream', large)).rejects.toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
    expect(await store.head(stream)).toBe('no_stream');
  });

  test('over the limits of the configuration never reaches the server', async () => {
    const double = await startDouble();
    const store = await openStore(double.url, { limits: { appendBytes: 1_000 } });
    const events = [newEvent(new Uint8Array(600)), newEvent(new Uint8Array(600))];
    await expect(store.append(newStream(), 'no_stream', events)).rejects.toThrow(
      expect.objectContaining({ code: 'too-large' }),
    );
    expect(double.appends).toEqual([]);
  });

  test('larger than one message of the client stays one append', async () => {
    const double = await startDouble(new WireLog(16 * 1024 * 1024));
    const store = await openStore(double.url, { limits: { appendBytes: 8e6, eventBytes: 8e6 } });
    const stream = newStream();
    const events = Array.from({ length: 7 }, () => newEvent(crypto.getRandomValues(new Uint8Array(60_000))));
    const large = events.map(({ data, ...event }) => ({ ...event, data: Buffer.concat(Array(16).fill(data)) }));
    expect(await store.append(stream, 'no_stream', large)).toMatchObject({ first: 0n, last: 6n });
    expect(double.appends).toHaveLength(1);
  });
});

describe('a read', () => {
  test('is made again when the server was not available', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const stream = newStream();
    await store.append(stream, 'no_stream', newEvents(5));
    double.readFaults.push('unavailable');
    expect(await store.head(stream)).toBe(4n);
  });

  test('without an answer ends in time as unavailable, and the next one is answered', async () => {
    const double = await startDouble();
    const store = await openStore(double.url, { readTimeoutMs: 10_000 }); // the next one needs a new client, which takes half a second, or much more
    const stream = newStream();
    await store.append(stream, 'no_stream', newEvents(1));
    double.readFaults.push('silence');
    await expect(store.head(stream)).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(await store.head(stream)).toBe(0n);
  });

  test('that is denied is not made again', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    double.readFaults.push('access-denied');
    await expect(store.head('secret')).rejects.toThrow(expect.objectContaining({ code: 'unavailable' }));
    expect(double.reads).toHaveLength(1);
  });

  test('has byte arrays of its own, whichever way it was made', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const stream = newStream();
    const [event] = newEvents(1) as [NewEvent];
    await store.append(stream, 'no_stream', [event]);
    const items = store.subscribe(stream, { from: 0n, signal: new AbortController().signal });
    for (const read of [store.readStream(stream), store.readAll({ streamPrefix: stream }), items]) {
      for await (const item of read as AsyncIterable<StoredEvent>) {
        expect(Object.getPrototypeOf(item.data)).toBe(Uint8Array.prototype);
        expect([item.data.byteOffset, item.data.buffer.byteLength]).toEqual([0, event.data.length]);
        break;
      }
    }
  });
});

describe('a subscription', () => {
  test.each(['error', 'end', 'silence'] as const)('goes on where it was after it was dropped by %s', async (how) => {
    const double = await startDouble();
    const store = await openStore(double.url, { idleCheckMs: 200 });
    const [stream, abort] = [newStream(), new AbortController()];
    await store.append(stream, 'no_stream', newEvents(3));
    const seen: (bigint | string)[] = [];
    const reading = (async () => {
      for await (const item of store.subscribe(stream, { from: 0n, signal: abort.signal })) {
        seen.push(item === 'caught-up' ? item : item.revision);
        if (seen.includes(8n)) break;
      }
    })();
    for (let last = 2n; last < 8n; last += 3n) {
      while (seen.at(-1) !== 'caught-up' && seen.at(-1) !== last) await sleep(5);
      expect(double.dropSubscriptions(how)).toBe(1);
      await store.append(stream, last, newEvents(3));
      if (last === 2n) while (!seen.includes(5n)) await sleep(5);
    }
    await reading;
    expect(seen.filter((item) => item !== 'caught-up')).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n]);
  });

  test('goes on when an append had its connection replaced', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const [stream, abort] = [newStream(), new AbortController()];
    const items = store.subscribe(stream, { from: 0n, signal: abort.signal });
    expect((await items.next()).value).toBe('caught-up');
    const waiting = items.next();
    double.appendFaults.push('lost-answer');
    const events = newEvents(1);
    const lost = newStream();
    do {
      await expect(store.append(lost, 'no_stream', events, { timeoutMs: 200 })).rejects.toThrow();
    } while (double.appendFaults.length > 0);
    await store.append(stream, 'no_stream', events);
    let item = (await waiting).value;
    while (item === 'caught-up') item = (await items.next()).value;
    expect(item).toMatchObject({ revision: 0n });
    abort.abort();
    await items.return(undefined);
  });

  test('leaves nothing at the server when it is aborted', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const abort = new AbortController();
    const items = store.subscribe(newStream(), { from: 0n, signal: abort.signal });
    await items.next();
    const end = items.next();
    while (double.subscriptions === 0) await sleep(5);
    abort.abort();
    expect((await end).done).toBe(true);
    while (double.subscriptions > 0) await sleep(5);
  });
});

describe('a stream of a log', () => {
  test.each([{ $maxAge: 3600 }, { $maxCount: 10 }, { $tb: 1 }])('with the metadata %o is refused', async (metadata) => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const stream = newStream('log');
    const data = new TextEncoder().encode(JSON.stringify(metadata));
    const event = { id: newEvent().id, type: '$metadata', contentType: 'application/json', data, metadata: data };
    double.log.append(`$$${stream}`, 'no_stream', [event]);
    const { signal } = new AbortController();
    for (const use of [
      () => store.append(stream, 'no_stream', newEvents(1)),
      () => store.head(stream),
      () => store.last(stream),
      () => collect(store.readStream(stream)),
      () => collect(store.subscribe(stream, { from: 0n, signal })),
    ]) {
      await expect(use()).rejects.toThrow(expect.objectContaining({ code: 'not-retained' }));
    }
    expect(double.appends).toEqual([]);
  });

  test('that loses its beginning while it is open is not read over the gap', async () => {
    const double = await startDouble();
    const store = await openStore(double.url);
    const stream = newStream('log');
    await store.append(stream, 'no_stream', newEvents(5));
    const data = new TextEncoder().encode('{"$tb":2}');
    const event = { id: newEvent().id, type: '$metadata', contentType: 'application/json', data, metadata: data };
    double.log.append(`$$${stream}`, 'no_stream', [event]);
    const { signal } = new AbortController();
    for (const read of [
      store.readStream(stream),
      store.readStream(stream, { direction: 'backwards' }),
      store.subscribe(stream, { from: 0n, signal }),
    ]) {
      await expect(collect<unknown>(read)).rejects.toThrow(expect.objectContaining({ code: 'not-retained' }));
    }
  });
});

describe('a connection string', () => {
  const secret = 'hunter2';
  test.each([
    'https://localhost:2113',
    `kurrentdb://admin:${secret}@localhost:2113?tls=false`,
    `kurrentdb://admin:${secret}@localhost:2113?throwOnAppendFailure=false`,
    `kurrentdb://admin:${secret}@localhost:2113?nodepreferense=leader`,
    `kurrentdb://admin:${secret}@localhost:2113?tls=true&TLS=false`,
    `kurrentdb://admin:${secret}@local(host:2113`,
  ])('%s is refused, without a word of the password', async (url) => {
    const error = await KurrentEventStore.open({ url }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'invalid-request' });
    expect(String(error)).not.toContain(secret);
  });
});
