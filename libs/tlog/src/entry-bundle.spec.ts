import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { ENTRY_MAX_BYTES, encodeEntryBundle, parseEntryBundle } from './index.js';

const code = (name: string): unknown => expect.objectContaining({ code: name });

test('entries stand behind their length', () => {
  expect(encodeEntryBundle(['one', '', 'three'].map(utf8Encode))).toEqual(fromHex('00036f6e65000000057468726565'));
});

test('a bundle is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array(), { maxLength: 256 }), (entries) => {
      expect(parseEntryBundle(encodeEntryBundle(entries))).toEqual(entries);
    }),
  );
});

test('bytes at random are refused, or written back as they were', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      let entries;
      try {
        entries = parseEntryBundle(bytes);
      } catch (error) {
        expect(error).toEqual(code('malformed-entry-bundle'));
        return;
      }
      expect(encodeEntryBundle(entries)).toEqual(bytes);
    }),
  );
});

test('an entry of 65535 bytes fits, one more does not', () => {
  const entry = new Uint8Array(ENTRY_MAX_BYTES).fill(1);
  expect(parseEntryBundle(encodeEntryBundle([entry]))).toEqual([entry]);
  expect(() => encodeEntryBundle([new Uint8Array(ENTRY_MAX_BYTES + 1)])).toThrow(code('entry-too-large'));
});

test('a bundle of 257 entries is refused', () => {
  expect(() => parseEntryBundle(new Uint8Array(2 * 257))).toThrow(code('malformed-entry-bundle'));
});

test.each(['00', '0001', '000261', '00016100'])('%s is refused: it ends inside an entry', (hex) => {
  expect(() => parseEntryBundle(fromHex(hex))).toThrow(code('malformed-entry-bundle'));
});
