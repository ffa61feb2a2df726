import { describe, expect, test } from '@jest/globals';
import { GaveWay, UploadSlots, type Upload, type UploadLimits } from './upload-slots.js';

const LIMITS: UploadLimits = { uploads: 4, ofClient: 2, ofLog: 3, minBytesPerSecond: 1000, graceMs: 100 };

/** A client whose chunks come when the test says so. */
class Client implements AsyncIterable<Uint8Array> {
  received = 0;
  #waiting: ((chunk: IteratorResult<Uint8Array>) => void) | undefined;

  send(bytes: number): void {
    this.received += bytes;
    this.#waiting?.({ done: false, value: new Uint8Array(bytes) });
  }

  end(): void {
    this.#waiting?.({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return { next: () => new Promise((resolve) => (this.#waiting = resolve)) };
  }
}

let now = 0;
const slots = (): UploadSlots => {
  now = 0;
  return new UploadSlots(LIMITS, () => now);
};

interface Uploading {
  readonly slot: Upload | undefined;
  readonly client: Client;
  /** How many bytes came, or why no more do. */
  readonly end: Promise<unknown>;
}

function upload(from: UploadSlots, address: string | undefined): Uploading {
  const client = new Client();
  const slot = from.take(address, () => client.received);
  const read = async (): Promise<number> => {
    let bytes = 0;
    for await (const chunk of slot?.chunks(client) ?? []) bytes += chunk.length;
    return bytes;
  };
  return { slot, client, end: read().catch((error: unknown) => error) };
}

describe('an upload', () => {
  test('is read as it comes', async () => {
    const { client, end } = upload(slots(), 'a');
    await Promise.resolve();
    for (const bytes of [1, 20, 300]) {
      client.send(bytes);
      await new Promise(setImmediate);
    }
    client.end();
    expect(await end).toBe(321);
  });

  test('may be as slow as it likes while nobody needs its place', async () => {
    const from = slots();
    const { client, end } = upload(from, 'a');
    now = 1_000_000;
    for (const address of ['b', 'c', 'd']) expect(upload(from, address).slot).toBeDefined();
    client.end();
    expect(await end).toBe(0);
  });

  test('gives way when it is the slowest of those that are too slow', async () => {
    const from = slots();
    const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map((address) => upload(from, address));
    now = 5_100; // 5 s behind its grace is worth 5,000 bytes
    first?.client.send(5_000);
    second?.client.send(3_000);
    third?.client.send(1_000);
    fourth?.client.send(2_000);
    await new Promise(setImmediate);
    expect(upload(from, 'e').slot).toBeDefined();
    expect(await third?.end).toBeInstanceOf(GaveWay);
    expect(upload(from, 'f').slot).toBeDefined();
    expect(await fourth?.end).toBeInstanceOf(GaveWay);
    expect(upload(from, 'g').slot).toBeDefined();
    expect(await second?.end).toBeInstanceOf(GaveWay);
    // What is left is fast enough, or has only begun.
    expect(upload(from, 'h').slot).toBeUndefined();
    now = 5_201;
    expect(upload(from, 'h').slot).toBeDefined();
  });

  test('is not slow for the time that the mirror takes', async () => {
    const from = slots();
    const client = new Client();
    const slow = from.take('a', () => client.received);
    const chunks = slow?.chunks(client)[Symbol.asyncIterator]();
    const first = chunks?.next();
    client.send(1);
    await first;
    now = 60_000; // the disk
    for (const address of ['b', 'c', 'd']) from.take(address, () => 0);
    expect(from.take('e', () => 0)).toBeUndefined();
  });

  test('takes no more than the share of its client', () => {
    const from = slots();
    expect([upload(from, 'a').slot, upload(from, 'a').slot].map(Boolean)).toEqual([true, true]);
    expect(upload(from, 'a').slot).toBeUndefined();
    expect(upload(from, 'b').slot).toBeDefined();
    now = 200;
    expect(upload(from, 'a').slot).toBeDefined(); // in the place of its own
    expect(upload(from, 'b').slot).toBeDefined();
  });

  test('of a client that is not known counts for nobody', () => {
    const from = slots();
    const found = Array.from({ length: 5 }, () => upload(from, undefined).slot !== undefined);
    expect(found).toEqual([true, true, true, true, false]);
  });

  test('takes no more than the share of its log', () => {
    const from = slots();
    const taken = ['a', 'b', 'c', 'd'].map((address) => upload(from, address).slot as Upload);
    expect(taken.map((slot) => from.claim(slot, 'log'))).toEqual([true, true, true, false]);
    expect(from.claim(taken[3] as Upload, 'another')).toBe(true);
  });

  test('gives its place back', () => {
    const from = slots();
    const [first] = ['a', 'b', 'c', 'd'].map((address) => upload(from, address).slot as Upload);
    expect(upload(from, 'e').slot).toBeUndefined();
    from.release(first as Upload);
    expect(upload(from, 'e').slot).toBeDefined();
  });
});
