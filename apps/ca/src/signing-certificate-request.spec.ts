import { describe, expect, test } from '@jest/globals';
import { parseSigningCertificateRequest } from './signing-certificate-request.js';

const publicKeyRequest = { publicKey: { algorithm: 'ECDSA', content: 'PEM' }, proofOfPossession: 'AQID' };
const key = { kind: 'public-key', content: 'PEM', proofOfPossession: Uint8Array.of(1, 2, 3) };

describe('a request for a signing certificate', () => {
  test('has the token in its body, and a key with proof of possession', () => {
    const body = { credentials: { oidcIdentityToken: 'a.b.c' }, publicKeyRequest };
    expect(parseSigningCertificateRequest(body)).toEqual({ identityToken: 'a.b.c', key });
  });

  test('goes by the names of the proto file too', () => {
    const body = {
      credentials: { oidc_identity_token: 'a.b.c' },
      public_key_request: { public_key: { content: 'PEM' }, proof_of_possession: 'AQID' },
    };
    expect(parseSigningCertificateRequest(body)).toEqual({ identityToken: 'a.b.c', key });
  });

  test.each(['Bearer a.b.c', 'bearer  a.b.c'])('may have the token in the header "%s"', (authorization) => {
    expect(parseSigningCertificateRequest({ publicKeyRequest }, authorization).identityToken).toBe('a.b.c');
    const body = { credentials: null, publicKeyRequest, certificateSigningRequest: null };
    expect(parseSigningCertificateRequest(body, authorization).identityToken).toBe('a.b.c');
  });

  test('has the token of its body when there are two', () => {
    const body = { credentials: { oidcIdentityToken: 'a.b.c' }, publicKeyRequest };
    expect(parseSigningCertificateRequest(body, 'Bearer d.e.f').identityToken).toBe('a.b.c');
  });

  test('may have a certificate signing request instead of a key', () => {
    expect(parseSigningCertificateRequest({ certificateSigningRequest: 'AQID' }, 'Bearer a.b.c').key).toEqual({
      kind: 'signing-request',
      pem: Uint8Array.of(1, 2, 3),
    });
  });

  test('may have fields that nobody knows', () => {
    const body = { publicKeyRequest: { ...publicKeyRequest, x: 1 }, credentials: { y: [] }, z: {} };
    expect(parseSigningCertificateRequest(body, 'Bearer a.b.c').key).toEqual(key);
  });

  test.each(['_-8=', '_-8', '/+8=', '/+8'])('may have its bytes in base64 as %s', (proofOfPossession) => {
    const body = { publicKeyRequest: { ...publicKeyRequest, proofOfPossession } };
    expect(parseSigningCertificateRequest(body, 'Bearer a.b.c').key).toMatchObject({
      proofOfPossession: Uint8Array.of(0xff, 0xef),
    });
  });

  test.each([undefined, 'Basic a', 'Bearer', 'Bearer a b'])(
    'without a token (header "%s") is refused',
    (authorization) => {
      expect(() => parseSigningCertificateRequest({ publicKeyRequest }, authorization)).toThrow(
        expect.objectContaining({ code: 'malformed-token' }),
      );
    },
  );

  test.each<[string, unknown]>([
    ['that is null', null],
    ['that is a list', []],
    ['that is text', 'x'],
    ['without a key', {}],
    ['with a key and a signing request', { publicKeyRequest, certificateSigningRequest: 'AQID' }],
    ['whose key is no text', { publicKeyRequest: { ...publicKeyRequest, publicKey: { content: 1 } } }],
    ['whose key is missing', { publicKeyRequest: { ...publicKeyRequest, publicKey: {} } }],
    ['whose proof is missing', { publicKeyRequest: { publicKey: { content: 'PEM' } } }],
    ['whose proof is not base64', { publicKeyRequest: { ...publicKeyRequest, proofOfPossession: '!' } }],
    ['whose signing request is not base64', { certificateSigningRequest: '-----BEGIN' }],
  ])('%s is refused', (_what, body) => {
    expect(() => parseSigningCertificateRequest(body, 'Bearer a.b.c')).toThrow(
      expect.objectContaining({ code: 'malformed-request' }),
    );
  });
});
