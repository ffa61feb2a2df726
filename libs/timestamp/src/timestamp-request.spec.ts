import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sha256, sha384, sha512 } from '#crypto';
import { concatBytes, DER, encodeDer, encodeOid, utf8Encode } from '#libs/crypto';
import { integer, octets, OID, sequence } from '../../../test/timestamps.js';
import { TimestampError } from './timestamp-error.js';
import { encodeTimestampRequest, parseTimestampRequest, TIMESTAMP_REQUEST_MAX_BYTES } from './timestamp-request.js';

const refusedAs = (code: string) => expect.objectContaining({ name: 'TimestampError', code });
const digest = sha256(utf8Encode('message'));
const NULL = encodeDer(DER.null);
const imprint = sequence(sequence(encodeOid(OID.sha256), NULL), octets(digest));

describe('a timestamp request', () => {
  test('is read as it was written', () => {
    const requests = [
      { hashAlgorithm: 'sha256', digest, certReq: false },
      { hashAlgorithm: 'sha384', digest: sha384(digest), certReq: true, nonce: 0n },
      { hashAlgorithm: 'sha512', digest: sha512(digest), certReq: true, nonce: 0x80ffn, policy: '1.3.6.1.4.1.57264.2' },
      { hashAlgorithm: 'sha256', digest, certReq: false, nonce: 2n ** 64n - 1n },
    ] as const;
    for (const request of requests) {
      expect(parseTimestampRequest(encodeTimestampRequest(request))).toEqual(request);
    }
  });

  test('may name its hash with NULL parameters, and spell out certReq FALSE', () => {
    const der = sequence(integer(1), imprint, encodeDer(DER.boolean, Uint8Array.of(0)));
    expect(parseTimestampRequest(der)).toEqual({ hashAlgorithm: 'sha256', digest, certReq: false });
  });

  test.each([
    ['of version 2', 'unsupported-version', sequence(integer(2), imprint)],
    [
      'with SHA-1',
      'unsupported-algorithm',
      sequence(integer(1), sequence(sequence(encodeOid('1.3.14.3.2.26')), octets(digest.subarray(0, 20)))),
    ],
    [
      'with a digest of the wrong length',
      'malformed-request',
      sequence(integer(1), sequence(sequence(encodeOid(OID.sha256)), octets(digest.subarray(1)))),
    ],
    ['with extensions', 'unsupported-extension', sequence(integer(1), imprint, encodeDer(0xa0))],
    ['with an unknown field', 'malformed-request', sequence(integer(1), imprint, octets(digest))],
    [
      'with a nonce of 33 bytes',
      'malformed-request',
      sequence(integer(1), imprint, integer(...Array.from({ length: 33 }, () => 1))),
    ],
    [
      'with its fields in another order',
      'malformed-request',
      sequence(integer(1), imprint, integer(1), encodeOid('1.2.3')),
    ],
    ['with a byte behind it', 'malformed-request', concatBytes(sequence(integer(1), imprint), Uint8Array.of(0))],
    ['over the size limit', 'malformed-request', new Uint8Array(TIMESTAMP_REQUEST_MAX_BYTES + 1)],
  ])('%s is refused as %s', (_, code, der) => {
    expect(() => parseTimestampRequest(der)).toThrow(refusedAs(code));
  });

  test('of arbitrary bytes is refused with a code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(() => parseTimestampRequest(bytes)).toThrow(TimestampError);
      }),
    );
  });
});
