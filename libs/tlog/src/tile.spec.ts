import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_SIZE } from '#libs/merkle';
import { entryBundlePath, parseTilePath, tilePath, tileWidth } from './index.js';

const code = (name: string): unknown => expect.objectContaining({ code: name });

describe('the path of a tile', () => {
  // Index 1234067 is the example of tlog-tiles; the others are at the ends of a group of digits.
  test.each([
    [tilePath(0, 0n), 'tile/0/000'],
    [tilePath(0, 0n, 1), 'tile/0/000.p/1'],
    [tilePath(1, 999n), 'tile/1/999'],
    [tilePath(0, 1000n), 'tile/0/x001/000'],
    [tilePath(2, 1234067n), 'tile/2/x001/x234/067'],
    [tilePath(0, 1234067n, 255), 'tile/0/x001/x234/067.p/255'],
    [tilePath(63, 0n), 'tile/63/000'],
    [tilePath(0, MAX_SIZE / 256n), 'tile/0/x036/x028/x797/x018/x963/967'],
    [entryBundlePath(0n), 'tile/entries/000'],
    [entryBundlePath(1234067n, 7), 'tile/entries/x001/x234/067.p/7'],
    [entryBundlePath(12n, 256, 'data'), 'tile/data/012'],
  ])('is %s', (path, expected) => {
    expect(path).toBe(expected);
  });

  test('is read as it was written', () => {
    const index = fc.bigInt(0n, MAX_SIZE / 256n);
    const width = fc.integer({ min: 1, max: 256 });
    fc.assert(
      fc.property(fc.nat({ max: 63 }), index, width, (level, index, width) => {
        expect(parseTilePath(tilePath(level, index, width))).toEqual({ kind: 'hashes', level, index, width });
        expect(parseTilePath(entryBundlePath(index, width))).toEqual({ kind: 'entries', level: 0, index, width });
        expect(parseTilePath(entryBundlePath(index, width, 'data'))).toEqual({ kind: 'data', level: 0, index, width });
      }),
    );
  });

  test.each([
    '',
    'tile/0',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/0/x000/000',
    'tile/0/001/000',
    'tile/0/x001',
    'tile/0/x001/x000',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/000.p/0',
    'tile/0/000.p/01',
    'tile/0/000.p/256',
    'tile/0/000.p/',
    'tile/0/000.p',
    'tile/0/000/',
    '/tile/0/000',
    'tile/entry/000',
    'tile/data/1/000',
    'tile/0/../0/000',
    'tile/0/00\u0660',
    'tile/0/000\n',
    'tile/0/x999/x999/x999/x999/x999/999',
    `tile/0/${'x001/'.repeat(1000)}000`,
  ])('is not %j', (path) => {
    expect(() => parseTilePath(path)).toThrow(code('malformed-tile-path'));
  });

  test.each([
    () => tilePath(64, 0n),
    () => tilePath(0.5, 0n),
    () => tilePath(0, -1n),
    () => tilePath(0, MAX_SIZE),
    () => tilePath(0, 0n, 0),
    () => entryBundlePath(0n, 257),
  ])('is not written out of range: %s', (write) => {
    expect(write).toThrow(code('out-of-range'));
  });
});

// The example of tlog-tiles: a tree of size 70,000.
test.each([
  [0, 272n, 256],
  [0, 273n, 112],
  [0, 274n, 0],
  [1, 0n, 256],
  [1, 1n, 17],
  [2, 0n, 1],
  [3, 0n, 0],
])('in a tree of 70000 leaves, level %d tile %d is %d wide', (level, index, width) => {
  expect(tileWidth(70_000n, level, index)).toBe(width);
});
