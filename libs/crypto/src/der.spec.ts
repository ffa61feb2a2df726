import { fromHex, toHex } from '#crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CodedError } from './coded-error.js';
import {
  DER,
  derBoolean,
  derChildren,
  derInteger,
  derOid,
  derSequence,
  derString,
  derTime,
  encodeDer,
  encodeOid,
  readDer,
} from './der.js';
import { utf8Encode } from './utf8.js';

function malformed(read: () => unknown): void {
  expect(read).toThrow(expect.objectContaining({ code: 'malformed-der' }));
}

describe('DER', () => {
  test.each([
    ['an indefinite length', '3080020101'],
    ['a length in more octets than it needs', '30820003020101'],
    ['a long form for a short length', '308103020101'],
    ['a length beyond the end', '3004020101'],
    ['bytes behind the element', '300302010100'],
    ['a high tag number', '1f8101'],
    ['nothing', ''],
  ])('with %s is refused', (_what, hex) => malformed(() => readDer(fromHex(hex))));

  test.each([
    ['0', '020100', 0n],
    ['128', '02020080', 128n],
    ['-128', '020180', -128n],
    ['2^64', '0209010000000000000000', 2n ** 64n],
  ])('integer %s', (_name, hex, value) => expect(derInteger(readDer(fromHex(hex)))).toBe(value));

  test('an integer or boolean that is not minimal is refused', () => {
    malformed(() => derInteger(readDer(fromHex('02020001'))));
    malformed(() => derInteger(readDer(fromHex('0202ff80'))));
    malformed(() => derInteger(readDer(fromHex('0200'))));
    malformed(() => derBoolean(readDer(fromHex('010101'))));
  });

  test.each(['1.3.6.1.4.1.57264.1.8', '2.5.29.17', '0.9.2342', '2.999.3', '1.2.840.113549.1.1.11'])(
    'identifier %s survives the round trip',
    (oid) => {
      expect(derOid(readDer(encodeOid(oid)))).toBe(oid);
    },
  );

  test('an identifier that is cut off or padded is refused', () => {
    malformed(() => derOid(readDer(fromHex('060288'.concat('80')))));
    malformed(() => derOid(readDer(fromHex('06038001'.concat('01')))));
  });

  test('an identifier that is far too long is refused before its arcs are added up', () => {
    const identifier = encodeDer(DER.oid, new Uint8Array(1 << 19).fill(0x81), Uint8Array.of(1));
    const begun = performance.now();
    malformed(() => derOid(readDer(identifier)));
    // To add them up takes minutes.
    expect(performance.now() - begun).toBeLessThan(30_000);
  });

  test('times are read in both forms, and impossible ones are refused', () => {
    expect(derTime(readDer(encodeDer(DER.utcTime, utf8Encode('491231235959Z'))))).toEqual(
      new Date('2049-12-31T23:59:59Z'),
    );
    expect(derTime(readDer(encodeDer(DER.utcTime, utf8Encode('500101000000Z'))))).toEqual(
      new Date('1950-01-01T00:00:00Z'),
    );
    expect(derTime(readDer(encodeDer(DER.generalizedTime, utf8Encode('20261122050607.25Z'))))).toEqual(
      new Date('2026-11-22T05:06:07.250Z'),
    );
    for (const bad of [
      '20260230000000Z',
      '20261122240000Z',
      '202611220506Z',
      '20261122050607.250Z',
      '20261122050607+0000',
    ]) {
      malformed(() => derTime(readDer(encodeDer(DER.generalizedTime, utf8Encode(bad)))));
    }
  });

  test('a string that is not what its tag says is refused', () => {
    malformed(() => derString(readDer(fromHex('0c01ff'))));
    malformed(() => derString(readDer(fromHex('1602c3a9'))));
  });

  test('what is encoded is read back, at every form of the length', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65535, 65536]) {
      const element = readDer(encodeDer(DER.octetString, new Uint8Array(length)));
      expect(element.contents.length).toBe(length);
      expect(toHex(encodeDer(element.tag, element.contents))).toBe(toHex(element.raw));
    }
  });

  test('whatever the bytes, the answer is an element or a coded error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          for (const child of derSequence(bytes)) if (child.tag & 0x20) derChildren(child);
        } catch (error) {
          expect(error).toBeInstanceOf(CodedError);
        }
      }),
    );
  });
});
