import { describe, expect, test } from '@jest/globals';
import { acceptsGzip, matchesEtag, parseRange } from './conditional.js';

describe('If-None-Match', () => {
  test.each(['"a"', 'W/"a"', '"x", "a"', '"x",W/"a"', '*'])('%s names "a"', (header) => {
    expect(matchesEtag(header, '"a"')).toBe(true);
  });
  test.each(['"b"', 'a', '"a-gzip"', '', '"x", "ab"'])('%s does not', (header) => {
    expect(matchesEtag(header, '"a"')).toBe(false);
  });
});

describe('Range, of 100 bytes,', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=10-19', 10, 19],
    ['bytes=90-', 90, 99],
    ['bytes=90-1000', 90, 99],
    ['bytes=-7', 93, 99],
    ['bytes=-1000', 0, 99],
    ['Bytes= 5-6', 5, 6],
  ])('%s is %d to %d', (header, first, last) => {
    expect(parseRange(header, 100)).toEqual({ first, last });
  });
  test.each(['bytes=100-', 'bytes=100-101', 'bytes=5-4', 'bytes=-0', 'bytes=-', 'bytes=', 'bytes=a-b', 'bytes=1-2x'])(
    '%s is none',
    (header) => {
      expect(parseRange(header, 100)).toBe('unsatisfiable');
    },
  );
  test.each(['bytes=0-1,5-6', 'hashes=1-2', 'nonsense'])('%s is ignored', (header) => {
    expect(parseRange(header, 100)).toBeUndefined();
  });
  test('of no bytes there is none', () => {
    expect([parseRange('bytes=0-', 0), parseRange('bytes=-1', 0)]).toEqual(['unsatisfiable', 'unsatisfiable']);
  });
});

test.each([
  ['gzip', true],
  ['deflate, GZIP;q=0.5, br', true],
  ['*', true],
  ['gzip;q=0', false],
  ['*, gzip; q=0.000', false],
  ['*;q=0', false],
  ['br, deflate', false],
  ['', false],
  [undefined, false],
])('Accept-Encoding %s takes gzip: %s', (header, accepts) => {
  expect(acceptsGzip(header)).toBe(accepts);
});
