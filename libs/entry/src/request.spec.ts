import { describe, expect, test } from '@jest/globals';
import { parseAddEntryRequest } from './request.js';

const VERIFIER = { x509Certificate: { rawBytes: 'MAA=' }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
const SIGNATURE = { content: 'AQID', verifier: VERIFIER };
const ENVELOPE = { payload: 'aGk=', payloadType: 'text/plain', signatures: [{ sig: 'AQID' }] };

function hashedRekord(change: object): unknown {
  return { hashedRekordRequestV002: { digest: 'AAAA', signature: SIGNATURE, ...change } };
}

describe('parseAddEntryRequest', () => {
  test('reads the names of the .proto file as well', () => {
    const snake = {
      hashed_rekord_request_v002: {
        digest: 'AAAA',
        signature: {
          content: 'AQID',
          verifier: { x509_certificate: { raw_bytes: 'MAA' }, key_details: 'PKIX_ECDSA_P256_SHA_256' },
        },
      },
    };
    expect(parseAddEntryRequest(snake)).toEqual(parseAddEntryRequest(hashedRekord({})));
  });

  test('reads a DSSE request', () => {
    expect(parseAddEntryRequest({ dsseRequestV002: { envelope: ENVELOPE, verifiers: [VERIFIER] } })).toMatchObject({
      kind: 'dsse',
      envelope: { payloadType: 'text/plain', signatures: [{ sig: Uint8Array.of(1, 2, 3), keyid: '' }] },
      verifiers: [{ verifier: { kind: 'certificate' }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' }],
    });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', []],
    ['an empty object', {}],
    ['an unknown kind', { intotoRequestV002: {} }],
    ['both kinds', { ...(hashedRekord({}) as object), dsseRequestV002: { envelope: ENVELOPE, verifiers: [VERIFIER] } }],
    ['an unknown field', hashedRekord({ data: {} })],
    ['no digest', hashedRekord({ digest: '' })],
    ['a digest that is no base64', hashedRekord({ digest: '!' })],
    ['a digest of the wrong type', hashedRekord({ digest: 7 })],
    ['no signature', hashedRekord({ signature: null })],
    ['an empty signature', hashedRekord({ signature: { ...SIGNATURE, content: '' } })],
    ['no verifier', hashedRekord({ signature: { content: 'AQID' } })],
    ['a verifier without a key', hashedRekord({ signature: { content: 'AQID', verifier: { keyDetails: 5 } } })],
    [
      'a verifier with two keys',
      hashedRekord({ signature: { content: 'AQID', verifier: { ...VERIFIER, publicKey: { rawBytes: 'MAA=' } } } }),
    ],
    [
      'key details of the wrong type',
      hashedRekord({ signature: { content: 'AQID', verifier: { ...VERIFIER, keyDetails: {} } } }),
    ],
    ['verifiers that are no list', { dsseRequestV002: { envelope: ENVELOPE, verifiers: VERIFIER } }],
    ['no envelope', { dsseRequestV002: { verifiers: [VERIFIER] } }],
  ])('refuses %s', (_, json) => {
    expect(() => parseAddEntryRequest(json)).toThrow(expect.objectContaining({ code: 'malformed-request' }));
  });
});
