import { describe, expect, test } from '@jest/globals';
import { parseIdentityToken } from './identity-token.js';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: unknown): string => `${encode({ alg: 'ES256' })}.${encode(claims)}.c2ln`;

describe('the proof of possession is over', () => {
  test('the e-mail address', () => {
    const token = parseIdentityToken(
      ` ${jwt({ iss: 'https://i', sub: 's', email: 'you@example.org', exp: 1_782_000_000 })}\n`,
    );
    expect(token).toEqual({
      jwt: jwt({ iss: 'https://i', sub: 's', email: 'you@example.org', exp: 1_782_000_000 }),
      issuer: 'https://i',
      challenge: 'you@example.org',
      expires: new Date('2026-06-21T00:00:00Z'),
    });
  });

  test('the subject, where there is no address', () => {
    expect(parseIdentityToken(jwt({ iss: 'https://i', sub: 'repo:a/b' })).challenge).toBe('repo:a/b');
  });
});

test.each([
  ['empty', ''],
  ['not three parts', 'a.b'],
  ['four parts', 'a.b.c.d'],
  ['claims that are no JSON', 'a.b.c'],
  ['claims that are no object', `a.${encode(1)}.c`],
  ['no issuer', jwt({ sub: 's' })],
  ['nobody', jwt({ iss: 'https://i' })],
  ['a subject that is no string', jwt({ iss: 'https://i', sub: 7 })],
])('a token with %s is refused, and not repeated', (_, token) => {
  expect(() => parseIdentityToken(token)).toThrow(
    expect.objectContaining({ code: 'usage', message: expect.not.stringContaining(token || 'ey') }),
  );
});
