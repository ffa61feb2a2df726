import { expect, test } from '@jest/globals';
import { Declined } from './declined.js';

test('what one peer gave in vain is still asked of another', () => {
  const declined = new Declined();
  declined.of('a').add('x');
  expect([declined.of('a').has('x'), declined.of('b').has('x')]).toEqual([true, false]);
});
