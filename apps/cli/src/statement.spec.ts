import { expect, test } from '@jest/globals';
import { parseStatement } from '#libs/entry';
import { encodeStatement, predicateType } from './statement.js';

test.each([
  ['slsaprovenance1', 'https://slsa.dev/provenance/v1'],
  ['spdxjson', 'https://spdx.dev/Document'],
  ['cyclonedx', 'https://cyclonedx.org/bom'],
  ['vuln', 'https://cosign.sigstore.dev/attestation/vuln/v1'],
  ['https://example.org/review/v1', 'https://example.org/review/v1'],
  ['urn:example:review', 'urn:example:review'],
])('--type %s is %s', (type, uri) => {
  expect(predicateType(type)).toBe(uri);
});

test.each(['slsa', '', 'toString', 'https: //example.org', '://x'])('--type %j is refused', (type) => {
  expect(() => predicateType(type)).toThrow(expect.objectContaining({ code: 'usage' }));
});

test('a statement is about one artifact by its SHA-256', () => {
  const predicate = { reviewer: 'you', ok: true };
  const type = 'https://example.org/review/v1';
  const bytes = encodeStatement({
    name: 'a.txt',
    sha256: new Uint8Array(32).fill(0xab),
    predicateType: type,
    predicate,
  });
  expect(JSON.parse(new TextDecoder().decode(bytes))).toHaveProperty('_type', 'https://in-toto.io/Statement/v1');
  expect(parseStatement(bytes)).toEqual({
    subjects: [{ name: 'a.txt', digest: new Map([['sha256', 'ab'.repeat(32)]]) }],
    predicateType: type,
    predicate,
  });
});
