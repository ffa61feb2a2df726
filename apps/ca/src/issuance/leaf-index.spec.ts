import { expect, test } from '@jest/globals';
import { sctExtensions } from '#libs/tlog';
import { leafIndexOf } from './leaf-index.js';

test.each([0n, 1n, 2n ** 32n, 2n ** 40n - 1n])('leaf index %d is found in the extensions of an SCT', (index) => {
  expect(leafIndexOf(sctExtensions(index))).toBe(index);
  expect(leafIndexOf(Uint8Array.of(7, 0, 1, 9, ...sctExtensions(index)))).toBe(index);
});

test.each([[], [0, 0, 1, 5], [1, 0, 5, 0, 0, 0, 0, 1], [0, 0, 5, 0], [255]])('there is none in %j', (...bytes) => {
  expect(leafIndexOf(Uint8Array.from(bytes))).toBeUndefined();
});
