import { describe, expect, test } from '@jest/globals';
import { sha256, toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { Frequent } from './frequent.js';

const hash = (i: number): string => toHex(sha256(utf8Encode(String(i))));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('what comes again', () => {
  test('is told from what comes for the first time', () => {
    const frequent = new Frequent(8);
    expect([hash(1), hash(2), hash(1), hash(1)].map((one) => frequent.again(one))).toEqual([false, false, true, true]);
  });

  test('is mostly known when there are as many as fit', () => {
    const frequent = new Frequent(256);
    for (const i of upTo(256)) frequent.again(hash(i));
    expect(upTo(256).filter((i) => frequent.again(hash(i))).length).toBeGreaterThan(250);
  });

  test('is not known when there are more, one after the other', () => {
    const frequent = new Frequent(256);
    const known = upTo(3).map(() => upTo(257).filter((i) => frequent.again(hash(i))).length);
    expect(known).toEqual([0, 0, 0]);
  });
});
