import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CodedError } from '#libs/crypto';
import { vectors } from '../../../test/vectors.js';
import { parseBundle } from './bundle.js';
import { parseTrustedRoot, type TrustedRoot } from './trusted-root.js';
import { verifyBundle, type Verification } from './verify-bundle.js';

const suite = vectors('sigstore-conformance/bundle-verify');
const publicGood = vectors('public-good');

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

function read(...path: string[]): string {
  return readFileSync(join(...path), 'utf8');
}

/** The verification, or undefined for a coded refusal; anything else that is thrown goes on. */
function outcome(text: string, trustedRoot: TrustedRoot, artifact: Uint8Array): Verification | undefined {
  try {
    return verifyBundle({
      bundle: parseBundle(text),
      artifact: { kind: 'bytes', bytes: artifact },
      trustedRoot,
      identity: { subject: /./, issuer: /./ },
      now: new Date('2026-11-22T00:00:00Z'),
    });
  } catch (error) {
    if (error instanceof CodedError) return undefined;
    throw error;
  }
}

/** Every place in a document, as the names and indexes that lead there. */
function places(json: Json, path: readonly string[] = []): (readonly string[])[] {
  if (typeof json !== 'object' || json === null) return [path];
  return [path, ...Object.entries(json).flatMap(([name, value]) => places(value, [...path, name]))];
}

function changed(json: Json, [name, ...rest]: readonly string[], change: (value: Json) => Json | undefined): Json {
  if (name === undefined) return change(json) ?? null;
  const copy = structuredClone(json) as { [name: string]: Json };
  const value = rest.length > 0 ? changed(copy[name] ?? null, rest, change) : change(copy[name] ?? null);
  if (value === undefined) delete copy[name];
  else copy[name] = value;
  return copy;
}

const strange = fc.oneof(
  fc.constantFrom<Json>(null, true, 0, -1, 1.5, 1e300, '', 'AAAA', '-1', '9223372036854775808', [], {}, [null], [[]]),
  fc.jsonValue().map((value) => value as Json),
);

/** One value gone, replaced, or one of its characters changed. */
const mutation: fc.Arbitrary<(value: Json) => Json | undefined> = fc.oneof(
  fc.constant(() => undefined),
  strange.map((value) => () => value),
  fc
    .record({ at: fc.nat(), char: fc.oneof(fc.constantFrom(...'AZaz09+/=-_'), fc.string({ maxLength: 2 })) })
    .map(({ at, char }) => (value: Json) => {
      if (typeof value !== 'string' || value === '') return value;
      const index = at % value.length;
      return value.slice(0, index) + char + value.slice(index + 1);
    }),
  fc.constant((value: Json) => (Array.isArray(value) ? [...value, ...value] : value)),
);

if (suite && publicGood) {
  const artifact = readFileSync(join(suite, 'a.txt'));
  const cases = [
    ['rekor2-happy-path', join(suite, 'rekor2-happy-path')],
    ['rekor2-dsse-happy-path', join(suite, 'rekor2-dsse-happy-path')],
    ['happy-path-v0.2', publicGood],
    ['happy-path-intoto-in-dsse-v3', publicGood],
  ] as const;

  describe.each(cases)('the bundle of %s', (name, trust) => {
    const text = read(suite, name, 'bundle.sigstore.json').trim();
    const json = JSON.parse(text) as Json;
    const trustedRoot = parseTrustedRoot(JSON.parse(read(trust, 'trusted_root.json')));
    const expected = outcome(text, trustedRoot, artifact);

    test('with anything changed is refused with a code, or means the same', () => {
      expect(expected).toBeDefined();
      fc.assert(
        fc.property(fc.constantFrom(...places(json)), mutation, (path, change) => {
          const found = outcome(JSON.stringify(changed(json, path, change)), trustedRoot, artifact);
          return found === undefined || isDeepStrictEqual(found, expected);
        }),
        { numRuns: 150 },
      );
    });

    test('cut short is refused with a code', () => {
      fc.assert(
        fc.property(fc.nat(text.length - 1), (end) => outcome(text.slice(0, end), trustedRoot, artifact) === undefined),
      );
    });
  });
} else {
  test.skip('hostile bundles', () => undefined);
}

test('any JSON but a bundle is refused with a code', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(() => parseBundle(text)).toThrow(expect.objectContaining({ code: 'malformed-bundle' }));
    }),
  );
});
