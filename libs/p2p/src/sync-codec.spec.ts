import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { P2pError } from './p2p-error.js';
import { Inventory } from './inventory.js';
import {
  SYNC_FRAME_MAX_BYTES,
  SYNC_MAX_IDS,
  decodeSyncFrame,
  encodeSyncFrame,
  idFrames,
  type SyncFrame,
} from './sync-codec.js';

const id = (byte: number, rest = 0): string => byte.toString(16).padStart(2, '0') + rest.toString(16).padStart(46, '0');

describe('sync frames', () => {
  test.each<SyncFrame>([
    { type: 'hello', binding: Uint8Array.of(1, 2, 3), digests: new Uint8Array(2048).fill(9) },
    { type: 'offer', buckets: new Set([0, 7, 8, 255]), count: 3 },
    { type: 'ids', ids: [id(0), id(7), id(255)] },
    { type: 'want', ids: [] },
    {
      type: 'items',
      items: [
        { id: id(1), kind: 'checkpoint', data: Uint8Array.of(1) },
        { id: id(0), kind: 'cosigned', data: new Uint8Array() },
      ],
    },
    { type: 'done' },
    { type: 'busy' },
  ])('$type survives', (frame) => {
    expect(decodeSyncFrame(encodeSyncFrame(frame))).toEqual(frame);
  });

  test('whatever comes in is a frame in its only encoding, or a violation', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 0, max: 8 }), (bytes, type) => {
        const body = Uint8Array.of(type, ...bytes);
        try {
          expect(encodeSyncFrame(decodeSyncFrame(body))).toEqual(Uint8Array.from(body));
        } catch (error) {
          expect(error).toBeInstanceOf(P2pError);
          expect((error as P2pError).code).toBe('protocol-violation');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('as many IDs as an offer may hold fit the frames', () => {
    const ids = Array.from({ length: SYNC_MAX_IDS }, (_, at) => id(at >> 8, at));
    const frames = [...idFrames(ids)].map(encodeSyncFrame);
    expect(Math.max(...frames.map(({ length }) => length))).toBeLessThan(SYNC_FRAME_MAX_BYTES);
    expect(
      frames.flatMap((body) => {
        const frame = decodeSyncFrame(body);
        return frame.type === 'ids' ? frame.ids : [];
      }),
    ).toEqual(ids);
  });
});

describe('an inventory', () => {
  test('does not depend on the order of its IDs', () => {
    const ids = [id(3, 1), id(3, 2), id(9)];
    expect(new Inventory(ids).digests).toEqual(new Inventory(ids.toReversed()).digests);
  });

  test('differs in the bucket in which an ID is missing, and in no other', () => {
    const [one, other] = [new Inventory([id(3, 1), id(3, 2), id(9)]), new Inventory([id(3, 1), id(9)])];
    expect(one.differing(other.digests)).toEqual([3]);
    expect(one.idsIn(new Set([3]))).toEqual([id(3, 1), id(3, 2)]);
  });

  test('offers what fits, from where it is told to begin', () => {
    const full = Array.from({ length: SYNC_MAX_IDS - 1 }, (_, at) => id(5, at));
    const inventory = new Inventory([...full, id(1, 1), id(1, 2), id(9)]);
    expect(inventory.offerable([1, 5, 9], 5)).toEqual(new Set([5, 9]));
    expect(inventory.offerable([1, 5, 9], 6)).toEqual(new Set([9, 1]));
  });
});
