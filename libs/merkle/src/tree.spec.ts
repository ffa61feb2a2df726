import { describe, expect, test } from '@jest/globals';
import { fromHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import {
  EMPTY_FRONTIER,
  EMPTY_ROOT,
  MAX_SIZE,
  appendLeafHashes,
  frontierRoot,
  hashChildren,
  hashCompleteSubtree,
  hashLeaf,
} from './index.js';
import { leafHashesOf, naiveRoot } from '../../../test/naive-tree.js';

describe('hashes', () => {
  // RFC 6962 §2.1.3's tree of eight entries, as certificate-transparency-go's reference tests write its leaves and root.
  const entries = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];

  test('the root of eight known entries is the published one', () => {
    const root = frontierRoot(
      appendLeafHashes(
        EMPTY_FRONTIER,
        entries.map((hex) => hashLeaf(fromHex(hex))),
      ),
    );
    expect(root).toEqual(fromHex('5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'));
  });

  test('the empty tree has the hash of the empty string', () => {
    expect(EMPTY_ROOT).toEqual(fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'));
    expect(frontierRoot(EMPTY_FRONTIER)).toEqual(EMPTY_ROOT);
  });

  test('an entry above 65535 bytes hashes like any other', () => {
    const long = new Uint8Array(70_000).fill(7);
    const again = hashLeaf(long);
    expect(again).toEqual(hashLeaf(long));
    expect(again).not.toEqual(hashLeaf(long.subarray(1)));
  });

  test('31 and 33 bytes are no pair of children', () => {
    expect(() => hashChildren(new Uint8Array(31), new Uint8Array(33))).toThrow(
      expect.objectContaining({ code: 'malformed-hash' }),
    );
  });

  test('a complete subtree of 256 hashes has the root of its tree, and its bytes stay as they were', () => {
    const leaves = leafHashesOf(256);
    const tile = new Uint8Array(leaves.flatMap((leaf) => [...leaf]));
    const before = tile.slice();
    expect(hashCompleteSubtree(tile)).toEqual(naiveRoot(leaves));
    expect(tile).toEqual(before);
  });

  test.each([0, 31, 33, 96, 8192 + 32])('%d bytes are no complete subtree', (bytes) => {
    expect(() => hashCompleteSubtree(new Uint8Array(bytes))).toThrow(
      expect.objectContaining({ code: 'malformed-hash' }),
    );
  });
});

describe('frontier', () => {
  test('appended one by one, in one batch or in two, it has the root of RFC 6962 at every size up to 300', () => {
    const leaves = leafHashesOf(300);
    let oneByOne = EMPTY_FRONTIER;
    for (let size = 0; size <= 300; size++) {
      const root = naiveRoot(leaves.slice(0, size));
      const half = appendLeafHashes(EMPTY_FRONTIER, leaves.slice(0, size >> 1));
      expect(frontierRoot(oneByOne)).toEqual(root);
      expect(appendLeafHashes(half, leaves.slice(size >> 1, size))).toEqual(oneByOne);
      oneByOne = appendLeafHashes(oneByOne, leaves.slice(size, size + 1));
    }
  });

  test('appending leaves the frontier that was given as it was', () => {
    const three = appendLeafHashes(EMPTY_FRONTIER, leafHashesOf(3));
    const hashes = [...three.hashes];
    appendLeafHashes(three, leafHashesOf(1));
    expect(three).toEqual({ size: 3n, hashes });
  });

  test('a frontier with a hash too few is refused', () => {
    expect(() => frontierRoot({ size: 3n, hashes: [EMPTY_ROOT] })).toThrow(
      expect.objectContaining({ code: 'malformed-frontier' }),
    );
  });

  test('a leaf hash of another length is refused', () => {
    expect(() => appendLeafHashes(EMPTY_FRONTIER, [utf8Encode('short')])).toThrow(
      expect.objectContaining({ code: 'malformed-hash' }),
    );
  });

  test('a tree does not grow beyond 2^63 - 1 leaves', () => {
    const full = { size: MAX_SIZE, hashes: Array.from({ length: 63 }, () => EMPTY_ROOT) };
    expect(() => appendLeafHashes(full, leafHashesOf(1))).toThrow(
      expect.objectContaining({ code: 'size-out-of-range' }),
    );
  });
});
