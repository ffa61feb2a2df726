import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHex, toHex } from '#crypto';
import { concatBytes } from '#libs/crypto';
import { encodeTileLeaf, merkleTreeLeaf, parseTileLeaves, sctExtensions, type TileLeaf } from './index.js';

const code = (name: string): unknown => expect.objectContaining({ code: name });

const hash = (byte: string): Uint8Array => fromHex(byte.repeat(32));

const X509: TileLeaf = {
  timestampMs: 0x0102030405060708n,
  entry: { kind: 'x509', certificate: fromHex('3000') },
  extensions: sctExtensions(5n),
  chainFingerprints: [hash('aa'), hash('bb')],
};
const PRECERT: TileLeaf = {
  ...X509,
  entry: { kind: 'precert', issuerKeyHash: hash('cc'), tbs: fromHex('300100'), precertificate: fromHex('30020101') },
};

const EXTENSIONS = '0008' + '00' + '0005' + '0000000005';
const TIMESTAMPED_X509 = '0102030405060708' + '0000' + '0000023000' + EXTENSIONS;
const TIMESTAMPED_PRECERT = '0102030405060708' + '0001' + 'cc'.repeat(32) + '000003300100' + EXTENSIONS;
const CHAIN = '0040' + 'aa'.repeat(32) + 'bb'.repeat(32);

describe('a leaf of a data tile', () => {
  test.each([
    ['x509_entry', X509, TIMESTAMPED_X509 + CHAIN],
    ['precert_entry', PRECERT, TIMESTAMPED_PRECERT + '000004' + '30020101' + CHAIN],
  ])('%s has the layout of static-ct-api', (_, leaf, hex) => {
    expect(toHex(encodeTileLeaf(leaf))).toBe(hex);
    expect(parseTileLeaves(fromHex(hex))).toEqual([leaf]);
  });

  test.each([
    ['x509_entry', X509, '0000' + TIMESTAMPED_X509],
    ['precert_entry', PRECERT, '0000' + TIMESTAMPED_PRECERT],
  ])('%s is hashed as the MerkleTreeLeaf of RFC 6962', (_, leaf, hex) => {
    expect(toHex(merkleTreeLeaf(leaf))).toBe(hex);
  });

  test('is read as it was written, among others', () => {
    const der = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const fingerprint = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const leaf: fc.Arbitrary<TileLeaf> = fc.record({
      timestampMs: fc.bigInt(0n, 2n ** 64n - 1n),
      entry: fc.oneof(
        fc.record({ kind: fc.constant('x509' as const), certificate: der }),
        fc.record({ kind: fc.constant('precert' as const), issuerKeyHash: fingerprint, tbs: der, precertificate: der }),
      ),
      extensions: fc.uint8Array(),
      chainFingerprints: fc.array(fingerprint, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(fc.array(leaf, { maxLength: 5 }), (leaves) => {
        expect(parseTileLeaves(concatBytes(...leaves.map(encodeTileLeaf)))).toEqual(leaves);
      }),
    );
  });

  test('cut at any byte is refused', () => {
    const bytes = encodeTileLeaf(PRECERT);
    for (let length = 1; length < bytes.length; length++) {
      expect(() => parseTileLeaves(bytes.subarray(0, length))).toThrow(code('malformed-tile-leaf'));
    }
  });

  test.each([
    ['an unknown entry type', encodeTileLeaf(X509).with(9, 2)],
    ['an empty certificate', fromHex('0102030405060708' + '0000' + '000000' + EXTENSIONS + CHAIN)],
    ['a fingerprint cut short', fromHex(TIMESTAMPED_X509 + '001f' + 'aa'.repeat(31))],
  ])('with %s is refused', (_, bytes) => {
    expect(() => parseTileLeaves(bytes)).toThrow(code('malformed-tile-leaf'));
  });

  test('is not written with a hash of another length, or an empty certificate', () => {
    const short = hash('aa').subarray(1);
    expect(() => encodeTileLeaf({ ...X509, chainFingerprints: [short] })).toThrow(code('malformed-tile-leaf'));
    const entry = { kind: 'x509', certificate: new Uint8Array(0) } as const;
    expect(() => encodeTileLeaf({ ...X509, entry })).toThrow(code('malformed-tile-leaf'));
  });

  test('is the 257th in no data tile', () => {
    const leaf = encodeTileLeaf({ ...X509, chainFingerprints: [] });
    expect(() => parseTileLeaves(concatBytes(...Array.from({ length: 257 }, () => leaf)))).toThrow(
      code('malformed-tile-leaf'),
    );
  });
});

test('the extensions of an SCT are 8 bytes with the index in 40 bits', () => {
  expect(toHex(sctExtensions(2n ** 40n - 1n))).toBe('000005ffffffffff');
  expect(() => sctExtensions(2n ** 40n)).toThrow(code('out-of-range'));
});
