import { expect, test } from '@jest/globals';
import { DeadStreams } from './dead-streams.js';

test('a stream counts as dead when it was missing for the whole time, and once', () => {
  const streams = new DeadStreams(100);
  expect(streams.round(new Map([['a', false]]), 0)).toEqual([]);
  expect(streams.round(new Map([['a', true]]), 60)).toEqual([]);
  expect(streams.round(new Map([['a', false]]), 70)).toEqual([]);
  expect(streams.round(new Map([['a', false]]), 169)).toEqual([]);
  expect(streams.round(new Map([['a', false]]), 170)).toEqual(['a']);
  expect(streams.round(new Map([['a', false]]), 171)).toEqual([]);
});
