import { expect, test } from '@jest/globals';
import { TokenBucket } from './token-bucket.js';

test('a token bucket gives its burst, then its rate', () => {
  const bucket = new TokenBucket(2, 3, 0);
  expect([0, 0, 0, 0].map((now) => bucket.take(now))).toEqual([true, true, true, false]);
  expect([500, 500, 1_000].map((now) => bucket.take(now))).toEqual([true, false, true]);
  expect([bucket.isFull(1_000), bucket.isFull(2_500)]).toEqual([false, true]);
});
