import { describe, expect, test } from '@jest/globals';
import { utf8Encode } from '#libs/crypto';
import { parseStatement } from './statement.js';

const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'a.txt', digest: { sha256: 'a0cf' } }],
  predicateType: 'https://slsa.dev/provenance/v1',
  predicate: { buildDefinition: {} },
};

function parse(statement: object): unknown {
  return parseStatement(utf8Encode(JSON.stringify(statement)));
}

describe('parseStatement', () => {
  test('reads subjects and predicate', () => {
    expect(parse(STATEMENT)).toEqual({
      subjects: [{ name: 'a.txt', digest: new Map([['sha256', 'a0cf']]) }],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: { buildDefinition: {} },
    });
  });

  test.each([
    ['of another type', { _type: 'https://in-toto.io/Layout/v1' }],
    ['without a predicate type', { predicateType: '' }],
    ['whose digest is no string', { subject: [{ digest: { sha256: 1 } }] }],
    ['with more than 1024 subjects', { subject: Array.from({ length: 1025 }, () => ({})) }],
    [
      'with more than 32 digests of a subject',
      { subject: [{ digest: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`h${i}`, ''])) }] },
    ],
  ])('refuses a statement %s', (_, change) => {
    expect(() => parse({ ...STATEMENT, ...change })).toThrow(expect.objectContaining({ code: 'malformed-statement' }));
  });
});
