import { describe, expect, test } from '@jest/globals';
import { parseJson, readMessage, type MessageReader, type MessageRules } from './message-reader.js';

const STRICT: MessageRules = { name: 'thing', refuse: (message) => new Error(message), unknownFields: 'refuse' };

function read<T>(json: unknown, field: (message: MessageReader) => T): T {
  return readMessage(json, STRICT, field);
}

describe('a message', () => {
  test('has its fields in lowerCamelCase or as in the .proto file', () => {
    expect(read({ keyDetails: 'a' }, (m) => m.string('keyDetails'))).toBe('a');
    expect(read({ key_details: 'a' }, (m) => m.string('keyDetails'))).toBe('a');
    expect(read({ x509_certificate: 'a' }, (m) => m.string('x509Certificate'))).toBe('a');
    expect(read({ hashed_rekord_request_v002: 'a' }, (m) => m.string('hashedRekordRequestV002'))).toBe('a');
  });

  test('with one field in both spellings is refused', () => {
    const json = { keyDetails: 'a', key_details: 'b' };
    expect(() => read(json, (m) => m.string('keyDetails'))).toThrow('thing.keyDetails is given twice');
  });

  test('with an unknown field is refused, or read past it', () => {
    const json = { known: 'a', other: 1 };
    expect(() => read(json, (m) => m.string('known'))).toThrow('thing.other is not a known field');
    expect(readMessage(json, { ...STRICT, unknownFields: 'ignore' }, (m) => m.string('known'))).toBe('a');
  });

  test('that has null for a field does not have the field', () => {
    expect(read({ a: null, b: null, c: null }, (m) => [m.string('a'), m.int64('b'), m.message('c', () => 1)])).toEqual([
      '',
      0n,
      undefined,
    ]);
    expect(() => read({ a: null }, (m) => m.requiredString('a'))).toThrow('thing.a is missing');
  });

  test.each([null, [], 'text', 7, undefined])('is not %j', (json) => {
    expect(() => read(json, () => 0)).toThrow(/^thing is .*, it should be an object$/);
  });

  test('names where in it something is wrong', () => {
    const json = { list: [{ inner: { value: 1 } }, { inner: { value: 'x' } }] };
    const inner = (m: MessageReader): string => m.requiredString('value');
    expect(() => read(json, (m) => m.messages('list', 9, (item) => item.message('inner', inner)))).toThrow(
      'thing.list[0].inner.value is 1, it should be a string',
    );
  });

  test('has no field of Object.prototype', () => {
    expect(read(JSON.parse('{}'), (m) => m.value('constructor'))).toBeUndefined();
    expect(() => read(JSON.parse('{"__proto__": {"a": "b"}}'), (m) => m.string('a'))).toThrow('__proto__');
  });
});

describe('bytes', () => {
  test.each(['-_8=', '-_8', '+/8=', '+/8', '+/8=\n', '+\r\n/8'])(
    'are base64 of either alphabet, padded or not: %s',
    (text) => {
      expect(read({ b: text }, (m) => m.bytes('b'))).toEqual(Uint8Array.of(0xfb, 0xff));
    },
  );

  test.each(['+/9=', '+', '+/8==', '+/ 8=', 'ä', 5, {}])('are not %j', (value) => {
    expect(() => read({ b: value }, (m) => m.bytes('b'))).toThrow(/^thing\.b is /);
  });

  test('of a list are each decoded', () => {
    expect(read({ b: ['AA', 'AQ=='] }, (m) => m.bytesList('b', 2))).toEqual([Uint8Array.of(0), Uint8Array.of(1)]);
    expect(() => read({ b: ['AA', null] }, (m) => m.bytesList('b', 2))).toThrow('thing.b[1]');
    expect(() => read({ b: ['', '', ''] }, (m) => m.bytesList('b', 2))).toThrow(
      'thing.b has 3 elements, the limit is 2',
    );
  });
});

describe('an int64', () => {
  test.each([
    ['9223372036854775807', 2n ** 63n - 1n],
    ['0', 0n],
    [735, 735n],
  ])('is a string or a number: %j', (value, expected) => {
    expect(read({ i: value }, (m) => m.int64('i'))).toBe(expected);
  });

  test.each([-1, '-1', '9223372036854775808', 2 ** 53, 1.5, '1.5', '', ' 1', '0x1', true, []])('is not %j', (value) => {
    expect(() => read({ i: value }, (m) => m.int64('i'))).toThrow(/^thing\.i is /);
  });
});

describe('an int32', () => {
  test('is a string or a number below 2^31', () => {
    expect(read({ i: '2147483647', j: 1 }, (m) => [m.int32('i'), m.int32('j')])).toEqual([2147483647, 1]);
    expect(() => read({ i: 2147483648 }, (m) => m.int32('i'))).toThrow('it should be at most 2^31 - 1');
  });
});

describe('a time', () => {
  test.each([
    ['2022-12-31T23:59:59.999000Z', '2022-12-31T23:59:59.999Z'],
    ['2025-06-12T12:02:20Z', '2025-06-12T12:02:20.000Z'],
    ['2025-06-12T14:02:20.5+02:00', '2025-06-12T12:02:20.500Z'],
  ])('is RFC 3339: %s', (text, iso) => {
    expect(read({ t: text }, (m) => m.time('t'))?.toISOString()).toBe(iso);
  });

  test.each(['2025-06-12', '2025-06-12T12:02:20', 'now', '2025-13-12T12:02:20Z', 5])('is not %j', (value) => {
    expect(() => read({ t: value }, (m) => m.time('t'))).toThrow('it should be an RFC 3339 time');
  });
});

describe('a map', () => {
  test('holds strings, up to a limit', () => {
    expect(read({ m: { a: 'b' } }, (m) => m.stringMap('m', 1))).toEqual(new Map([['a', 'b']]));
    expect(() => read({ m: { a: 1 } }, (m) => m.stringMap('m', 1))).toThrow('thing.m.a is 1, it should be a string');
    expect(() => read({ m: { a: '', b: '' } }, (m) => m.stringMap('m', 1))).toThrow('the limit is 1');
  });
});

describe('parseJson', () => {
  test('refuses what is not JSON, or not UTF-8', () => {
    expect(() => parseJson('{"a":', STRICT)).toThrow('thing is not JSON');
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), STRICT)).toThrow('thing is not JSON');
  });
});
