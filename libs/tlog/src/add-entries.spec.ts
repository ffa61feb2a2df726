import { fromHex } from '#crypto';
import { describe, expect, test } from '@jest/globals';
import { concatBytes, utf8Encode } from '#libs/crypto';
import { hashLeaf } from '#libs/merkle';
import {
  AddEntriesReader,
  encodeAddEntriesHeader,
  encodeEntryPackage,
  formatMirrorInfo,
  packageRanges,
  packageRoot,
  parseMirrorInfo,
  type ReadPackage,
} from './index.js';
import { leafHashesOf, naiveRoot } from '../../../test/naive-tree.js';

const HASH = new Uint8Array(32).fill(7);
const code = (expected: string) => expect.objectContaining({ code: expected });

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(bytes: Uint8Array, chunk = 1000): Promise<{ header: object; packages: ReadPackage[] }> {
  const reader = new AddEntriesReader(chunked(bytes, chunk));
  const header = await reader.header();
  const packages: ReadPackage[] = [];
  for await (const one of reader.packages(header)) packages.push(one);
  return { header, packages };
}

describe('the packages of an upload', () => {
  test.each([
    [0n, 0n, []],
    [5n, 5n, []],
    [0n, 256n, [[0n, 0n, 256n]]],
    [
      0n,
      257n,
      [
        [0n, 0n, 256n],
        [256n, 256n, 257n],
      ],
    ],
    [
      300n,
      700n,
      [
        [256n, 300n, 512n],
        [512n, 512n, 700n],
      ],
    ],
    [300n, 301n, [[256n, 300n, 301n]]],
  ])('of [%d, %d) begin at multiples of 256, but for the first', (start, end, ranges) => {
    const found = [...packageRanges(start, end)].map((range) => [range.subtreeStart, range.start, range.end]);
    expect(found).toEqual(ranges);
  });

  test('have the root of their subtree', () => {
    for (const count of [1, 2, 3, 13, 255, 256]) {
      expect(packageRoot(leafHashesOf(count))).toEqual(naiveRoot(leafHashesOf(count)));
    }
  });
});

describe('the body of add-entries', () => {
  const header = { origin: 'log', start: 1n, end: 3n, ticket: Uint8Array.of(9) };
  const body = concatBytes(
    encodeAddEntriesHeader(header),
    encodeEntryPackage({ entries: [utf8Encode('a'), new Uint8Array(0)], proof: [HASH] }),
  );

  test('is written as tlog-mirror says', () => {
    const bytes = `0003${'6c6f67'}${'0000000000000001'}${'0000000000000003'}${'000109'}${'000161'}${'0000'}01${'07'.repeat(32)}`;
    expect(body).toEqual(fromHex(bytes));
  });

  test.each([1, 3, 1000])('is read back from chunks of %d bytes', async (chunk) => {
    const range = { subtreeStart: 0n, start: 1n, end: 3n };
    expect(await readAll(body, chunk)).toEqual({
      header,
      packages: [{ range, entries: [utf8Encode('a'), new Uint8Array(0)], proof: [HASH] }],
    });
  });

  test('may end anywhere: what is not whole is left out', async () => {
    const headerBytes = encodeAddEntriesHeader(header).length;
    for (let length = headerBytes; length < body.length; length++) {
      expect((await readAll(body.subarray(0, length))).packages).toEqual([]);
    }
    for (let length = 0; length < headerBytes; length++) {
      await expect(readAll(body.subarray(0, length))).rejects.toThrow(code('malformed-request'));
    }
  });

  test('is not read further than it is asked for', async () => {
    let taken = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      yield encodeAddEntriesHeader({ ...header, start: 0n, end: 2n ** 40n });
      const one = encodeEntryPackage({ entries: Array.from({ length: 256 }, () => utf8Encode('x')), proof: [] });
      for (;;) {
        taken++;
        yield one;
      }
    };
    const reader = new AddEntriesReader(endless());
    const packages = reader.packages(await reader.header());
    await packages.next();
    expect(taken).toBe(1);
    expect((await packages.next()).value).toMatchObject({ range: { start: 256n, end: 512n } });
  });

  test.each([
    ['a range that ends before it begins', { start: 4n, end: 3n }],
    ['a range that ends above 2^63 - 1', { start: 0n, end: 2n ** 63n }],
  ])('with %s is neither written nor read', async (_, range) => {
    expect(() => encodeAddEntriesHeader({ ...header, ...range })).toThrow(code('malformed-request'));
    const bytes = body.slice();
    new DataView(bytes.buffer).setBigUint64(5, range.start);
    new DataView(bytes.buffer).setBigUint64(13, range.end);
    await expect(readAll(bytes)).rejects.toThrow(code('malformed-request'));
  });

  test('with an origin that is not UTF-8 is refused', async () => {
    const bytes = body.slice();
    bytes[2] = 0xff;
    await expect(readAll(bytes)).rejects.toThrow(code('malformed-request'));
  });

  test('with more hashes than a proof can have is refused', async () => {
    const proof = Array.from({ length: 64 }, () => HASH);
    expect(() => encodeEntryPackage({ entries: [], proof })).toThrow(code('malformed-request'));
    const bytes = concatBytes(body.subarray(0, -33), Uint8Array.of(64), ...proof);
    await expect(readAll(bytes)).rejects.toThrow(code('malformed-request'));
  });

  test('keeps no chunk for the sake of an entry in it', async () => {
    const [one] = (await readAll(body)).packages;
    expect(one?.entries[0]?.buffer.byteLength).toBeLessThan(body.length);
    expect(hashLeaf(one?.entries[0] as Uint8Array)).toEqual(hashLeaf(utf8Encode('a')));
  });
});

describe('a mirror info', () => {
  test('is three lines', () => {
    const info = { size: 1000n, nextEntry: 256n, ticket: Uint8Array.of(1, 2, 3) };
    expect(formatMirrorInfo(info)).toBe('1000\n256\nAQID\n');
    expect(parseMirrorInfo(utf8Encode('1000\n256\nAQID\n'))).toEqual(info);
    expect(parseMirrorInfo(utf8Encode('0\n0\n\n'))).toEqual({ size: 0n, nextEntry: 0n, ticket: new Uint8Array(0) });
  });

  test.each(['', '1\n2\n', '1\n2\nAQID', '1\n2\nAQID\n\n', '01\n2\n\n', '1\n-2\n\n', '1\n2\n*\n', '1\n2\nAQID\nx'])(
    'is not %j',
    (text) => expect(() => parseMirrorInfo(utf8Encode(text))).toThrow(code('malformed-request')),
  );
});
