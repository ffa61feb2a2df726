import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toHex } from '#crypto';
import { CodedError, utf8Decode, utf8Encode } from '#libs/crypto';
import { vectors } from '../../../test/vectors.js';
import { admitEntry } from './admit.js';
import { encodeEntry } from './hashedrekord.js';
import { parseEntry } from './parse-entry.js';
import { addEntryRequestFor, parseAddEntryRequest } from './request.js';

const conformance = vectors('sigstore-conformance/bundle-verify');

function bodyOf(name: string): Uint8Array {
  const bundle = JSON.parse(readFileSync(join(conformance ?? '', name, 'bundle.sigstore.json'), 'utf8'));
  return new Uint8Array(Buffer.from(bundle.verificationMaterial.tlogEntries[0].canonicalizedBody, 'base64'));
}

if (conformance)
  describe('the bodies of sigstore-conformance', () => {
    const names = readdirSync(conformance).filter((name) => name.startsWith('rekor2-'));

    test.each(names)('%s is reproduced byte for byte', (name) => {
      const body = bodyOf(name);
      const entry = parseEntry(body);
      if (entry.kind !== 'hashedrekord' || entry.apiVersion !== '0.0.2') throw new Error(`${name} is a ${entry.kind}`);
      expect(utf8Decode(encodeEntry(entry))).toBe(utf8Decode(body));
      const admitted = admitEntry(parseAddEntryRequest(addEntryRequestFor(entry)));
      expect(encodeEntry(admitted)).toEqual(body);
    });

    test('include hashedrekord 0.0.1', () => {
      const entry = parseEntry(bodyOf('happy-path-v0.1'));
      expect(entry).toMatchObject({ kind: 'hashedrekord', apiVersion: '0.0.1', digestAlgorithm: 'sha256' });
      expect(entry).toMatchObject({ verifier: { kind: 'certificate' } });
    });

    test('include hashedrekord 0.0.1 by a bare key', () => {
      expect(parseEntry(bodyOf('managed-key-happy-path'))).toMatchObject({ verifier: { kind: 'public-key' } });
    });

    test('include dsse 0.0.1', () => {
      const entry = parseEntry(bodyOf('happy-path-intoto-in-dsse-v3'));
      if (entry.kind !== 'dsse') throw new Error(entry.kind);
      expect(toHex(entry.payloadHash)).toBe('d6b209ba9dde3b1ee5edebb88d1b1b917b72eeb614328e7ba667f5b7ab70e987');
      expect(entry.signatures).toHaveLength(1);
    });

    test('include intoto 0.0.2, whose signature is in base64 twice', () => {
      const entry = parseEntry(bodyOf('intoto-with-custom-trust-root'));
      if (entry.kind !== 'intoto') throw new Error(entry.kind);
      expect(entry.payloadType).toBe('application/vnd.in-toto+json');
      expect(entry.signatures[0]?.signature[0]).toBe(0x30); // ECDSA-Sig-Value
    });

    test('with any byte changed are another entry, or none', () => {
      const body = bodyOf('rekor2-happy-path');
      const original = parseEntry(body);
      const change = fc.record({ at: fc.nat(body.length - 1), by: fc.integer({ min: 1, max: 255 }) });
      fc.assert(
        fc.property(change, ({ at, by }) => {
          const changed = body.slice();
          changed[at] = (changed[at] ?? 0) ^ by;
          try {
            expect(parseEntry(changed)).not.toEqual(original);
          } catch (error) {
            if (!(error instanceof CodedError)) throw error;
          }
        }),
        { numRuns: 500 },
      );
    });
  });
else test.skip('the bodies of sigstore-conformance', () => undefined);

describe('parseEntry', () => {
  const CANONICAL =
    '{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{"data":{"algorithm":"SHA2_256","digest":"AAAA"},' +
    '"signature":{"content":"AQID","verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"MAA="}}}}}}';

  test('reads a canonical body', () => {
    expect(parseEntry(utf8Encode(CANONICAL))).toMatchObject({ signature: Uint8Array.of(1, 2, 3) });
  });

  test.each([
    ['white space', CANONICAL.replace(':', ': ')],
    [
      'another order',
      CANONICAL.replace('"apiVersion":"0.0.2","kind":"hashedrekord"', '"kind":"hashedrekord","apiVersion":"0.0.2"'),
    ],
    ['an unknown field', CANONICAL.replace('{"apiVersion"', '{"a":1,"apiVersion"')],
    ['an enum by its number', CANONICAL.replace('"SHA2_256"', '1')],
    ['unpadded base64', CANONICAL.replace('MAA=', 'MAA')],
  ])('refuses a v2 body with %s', (_, text) => {
    expect(() => parseEntry(utf8Encode(text))).toThrow(expect.objectContaining({ code: 'not-canonical' }));
  });

  test('refuses a digest that the key does not sign', () => {
    expect(() => parseEntry(utf8Encode(CANONICAL.replace('SHA2_256', 'SHA2_512')))).toThrow(
      expect.objectContaining({ code: 'malformed-entry' }),
    );
  });

  test.each(['{"kind":"rekord","apiVersion":"0.0.1","spec":{}}', '{"kind":"dsse","apiVersion":"0.0.2"}', '{}'])(
    'does not know %s',
    (text) => {
      expect(() => parseEntry(utf8Encode(text))).toThrow(expect.objectContaining({ code: 'unsupported-entry' }));
    },
  );

  test.each([
    ['text', 'hello'],
    ['a digest that is not hexadecimal', v1({ value: 'x'.repeat(64) })],
    ['a digest that is too short', v1({ value: 'ab' })],
    ['an algorithm that is not SHA-2', v1({ algorithm: 'md5' })],
    ['an algorithm of Object.prototype', v1({ algorithm: 'constructor' })],
    ['a key that is not PEM', v1({}, 'AQID')],
    [
      'two keys',
      v1({}, Buffer.from('-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n'.repeat(2)).toString('base64')),
    ],
  ])('refuses %s', (_, text) => {
    expect(() => parseEntry(utf8Encode(text))).toThrow(expect.objectContaining({ code: 'malformed-entry' }));
  });
});

function v1(
  hash: object,
  content = Buffer.from('-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n').toString('base64'),
): string {
  return JSON.stringify({
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: '00'.repeat(32), ...hash } },
      signature: { content: 'AQID', publicKey: { content } },
    },
  });
}
