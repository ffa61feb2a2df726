import { toHex } from '#crypto';
import { describe, expect, test } from '@jest/globals';
import { MemoryEventStore, type NewEvent, type StoredEvent } from '#libs/event-store';
import * as events from './events.js';

const STREAM = 'log-00';
const root = new Uint8Array(32).fill(0xaa);

async function stored(event: NewEvent): Promise<StoredEvent> {
  const store = new MemoryEventStore();
  await store.append(STREAM, 'no_stream', [event]);
  const last = await store.last(STREAM);
  if (!last) throw new Error('the event is gone');
  return last;
}

describe('the layouts of events never change', () => {
  test('LogCreated/v1', async () => {
    const created = { kind: 'ct', origin: 'ct.example' } as const;
    const event = events.logCreated(STREAM, created);
    expect(toHex(event.data)).toBe('01000a63742e6578616d706c65');
    expect(event.id).toBe('5a733889-d133-870e-9162-e11fb18240a2');
    expect(events.readLogCreated(await stored(event))).toEqual(created);
  });

  test('EntriesSequenced/v1', async () => {
    const sequenced = {
      firstIndex: 258n,
      count: 2,
      sequencedAtMs: 1_000n,
      data: Uint8Array.of(1, 2, 3),
      attachments: [Uint8Array.of(4)],
    };
    const event = events.entriesSequenced(STREAM, sequenced);
    expect(toHex(event.data)).toBe(
      '0000000000000102' + '0002' + '00000000000003e8' + '000003010203' + '0001' + '00000104',
    );
    expect(events.readEntriesSequenced(await stored(event))).toEqual(sequenced);
  });

  test('CheckpointSigned/v1', async () => {
    const signed = { size: 1n, root, timestampMs: 2n, note: Uint8Array.of(9) };
    const event = events.checkpointSigned(STREAM, signed);
    expect(toHex(event.data)).toBe('0000000000000001' + 'aa'.repeat(32) + '0000000000000002' + '000109');
    expect(events.readCheckpointSigned(await stored(event))).toEqual(signed);
  });

  test('CheckpointPublished/v1', async () => {
    const published = { size: 1n, cosignatures: Uint8Array.of(7, 7) };
    const event = events.checkpointPublished(STREAM, published);
    expect(toHex(event.data)).toBe('0000000000000001' + '0000020707');
    expect(events.readCheckpointPublished(await stored(event))).toEqual(published);
  });
});

describe('an event is refused', () => {
  const unknown = expect.objectContaining({ code: 'unknown-event' });

  test('when it is of another type', async () => {
    const event = await stored(events.checkpointPublished(STREAM, { size: 1n, cosignatures: root }));
    expect(() => events.readCheckpointSigned(event)).toThrow(unknown);
  });

  test('when it is cut off, or goes on', async () => {
    const event = await stored(events.checkpointSigned(STREAM, { size: 1n, root, timestampMs: 2n, note: root }));
    for (const data of [event.data.subarray(0, -1), new Uint8Array([...event.data, 0])]) {
      expect(() => events.readCheckpointSigned({ ...event, data })).toThrow(unknown);
    }
  });

  test('when it creates a log of a kind that this version does not know', async () => {
    const event = await stored(events.logCreated(STREAM, { kind: 'rekor', origin: 'x' }));
    expect(() => events.readLogCreated({ ...event, data: event.data.with(0, 9) })).toThrow(unknown);
  });
});
