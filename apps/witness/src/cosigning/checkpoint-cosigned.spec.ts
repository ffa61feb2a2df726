import { expect, test } from '@jest/globals';
import { fromHex, toHex } from '#crypto';
import { concatBytes, utf8Encode } from '#libs/crypto';
import { EMPTY_ROOT } from '#libs/merkle';
import { CHECKPOINT_COSIGNED, decodeCheckpointCosigned, encodeCheckpointCosigned } from './checkpoint-cosigned.js';

const NOTE = `example.com/log
1
47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=

— example.com/log Uw2QOkn8srU=
`;
const EVENT = { size: 1n, root: EMPTY_ROOT, timestamp: 1_700_000_000n, note: utf8Encode(NOTE) };

// Written by the first version, and to be read by every later one.
const GOLDEN = [
  '0000000000000001',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '000000006553f100',
  '000061',
  '6578616d706c652e636f6d2f6c6f670a', // example.com/log
  '310a', // 1
  '3437444551706a38484253612b2f54496d572b354a4365755165526b6d354e4d704a575a473368537546553d0a',
  '0a',
  'e28094206578616d706c652e636f6d2f6c6f6720557732514f6b6e387372553d0a',
].join('');

test('an event has the layout that its type stands for', () => {
  expect(toHex(encodeCheckpointCosigned(EVENT))).toBe(GOLDEN);
  expect(decodeCheckpointCosigned('CheckpointCosigned/v1', fromHex(GOLDEN))).toEqual(EVENT);
});

test('an event of another type is not read', () => {
  expect(() => decodeCheckpointCosigned('CheckpointCosigned/v2', fromHex(GOLDEN))).toThrow(/CheckpointCosigned\/v2/);
});

test.each([
  ['another size than its note', fromHex(GOLDEN).with(7, 2)],
  ['another root than its note', fromHex(GOLDEN).with(8, 0)],
  ['a note that is none', fromHex(GOLDEN).with(8 + 32 + 8 + 3 + 20, 0)],
  ['a byte too many', concatBytes(fromHex(GOLDEN), Uint8Array.of(0))],
  ['a byte too few', fromHex(GOLDEN).subarray(0, -1)],
])('an event with %s is not read', (_, data) => {
  expect(() => decodeCheckpointCosigned(CHECKPOINT_COSIGNED, data)).toThrow();
});
