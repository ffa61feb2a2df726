import { describe, expect, test } from '@jest/globals';
import { concatBytes, equalBytes } from './bytes.js';
import { decodePem, encodePem } from './pem.js';
import { ByteReader, u16, u24, u32, u64, vector } from './reader.js';
import { utf8Decode, utf8Encode } from './utf8.js';

describe('bytes', () => {
  test('integers and vectors are read back as written', () => {
    const bytes = concatBytes(
      u16(0xfffe),
      u24(0xfedcba),
      u32(0xfedcba98),
      u64(2n ** 63n),
      vector(2, Uint8Array.of(1, 2, 3)),
    );
    const reader = new ByteReader(bytes);
    expect([reader.u16(), reader.u24(), reader.u32(), reader.u64(), [...reader.vector(2)]]).toEqual([
      0xfffe,
      0xfedcba,
      0xfedcba98,
      2n ** 63n,
      [1, 2, 3],
    ]);
    reader.end();
  });

  test('reading past the end, or stopping before it, is an error with a code', () => {
    expect(() => new ByteReader(Uint8Array.of(0, 5, 1)).vector(2)).toThrow(
      expect.objectContaining({ code: 'truncated' }),
    );
    expect(() => new ByteReader(new Uint8Array(1)).end()).toThrow(expect.objectContaining({ code: 'trailing-data' }));
  });

  test('a number that does not fit is refused', () => {
    expect(() => u16(65536)).toThrow(RangeError);
    expect(() => u64(2n ** 64n)).toThrow(RangeError);
    expect(() => vector(1, new Uint8Array(256))).toThrow(RangeError);
  });

  test('equality looks at length and at every byte', () => {
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false);
  });

  test('invalid UTF-8 is refused, and a byte order mark is kept', () => {
    expect(() => utf8Decode(Uint8Array.of(0xc3, 0x28))).toThrow(expect.objectContaining({ code: 'malformed-utf8' }));
    expect(utf8Decode(utf8Encode('\ufeffx'))).toBe('\ufeffx');
  });

  test('PEM survives the round trip; other labels and mixed ends are refused', () => {
    const der = Uint8Array.from({ length: 100 }, (_, i) => i);
    const pem = encodePem('CERTIFICATE', der);
    expect(decodePem(`${pem}${pem}`, 'CERTIFICATE')).toEqual([der, der]);
    for (const bad of ['', pem.replace('END CERTIFICATE', 'END KEY'), pem.replace('AAEC', 'AAE!')]) {
      expect(() => decodePem(bad, 'CERTIFICATE')).toThrow(expect.objectContaining({ code: 'malformed-pem' }));
    }
    expect(() => decodePem(pem, 'PUBLIC KEY')).toThrow(expect.objectContaining({ code: 'malformed-pem' }));
  });
});
