import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { importPublicKey } from '#crypto';
import { utf8Encode, type HashAlgorithm, type PublicKey } from '#libs/crypto';
import { pae, type KeyDetails, type LoggedEntry } from '#libs/entry';
import type { BundleContent } from './bundle.js';
import type { Signed } from './entry-body.js';
import { verifySignature } from './signature.js';

const ARTIFACT = utf8Encode('an artifact');
const ENVELOPE = { payloadType: 'text/plain', payload: utf8Encode('a payload') };
const PAE = pae(ENVELOPE.payloadType, ENVELOPE.payload);

const KEYS = {
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ed25519: generateKeyPairSync('ed25519'),
};

function imported(key: KeyObject): PublicKey {
  return importPublicKey(key.export({ format: 'der', type: 'spki' }));
}

function signed(key: keyof typeof KEYS, content: BundleContent): Signed {
  const publicKey = imported(KEYS[key].publicKey);
  const verifier = { kind: 'public-key', raw: publicKey.spki } as const;
  return { content, artifact: { kind: 'bytes', bytes: ARTIFACT }, signer: { publicKey, verifier } };
}

function overArtifact(key: keyof typeof KEYS, hash: HashAlgorithm | null): Signed {
  return signed(key, { kind: 'message-signature', signature: sign(hash, ARTIFACT, KEYS[key].privateKey) });
}

function overEnvelope(key: keyof typeof KEYS, hash: HashAlgorithm | null): Signed {
  const sig = sign(hash, PAE, KEYS[key].privateKey);
  return signed(key, { kind: 'dsse', envelope: { ...ENVELOPE, signatures: [{ sig, keyid: '' }] } });
}

const VERIFIER = { kind: 'public-key', raw: new Uint8Array() } as const;

/** What decides of a body, beside its digest, is compared elsewhere. */
function hashedRekord(digestAlgorithm: HashAlgorithm, keyDetails?: KeyDetails): LoggedEntry {
  const body = {
    kind: 'hashedrekord' as const,
    digestAlgorithm,
    digest: createHash(digestAlgorithm).update(ARTIFACT).digest(),
    signature: new Uint8Array(),
    verifier: VERIFIER,
  };
  return keyDetails ? { ...body, apiVersion: '0.0.2', keyDetails } : { ...body, apiVersion: '0.0.1' };
}

const DSSE_V1: LoggedEntry = { kind: 'dsse', apiVersion: '0.0.1', payloadHash: new Uint8Array(), signatures: [] };

describe('a signature', () => {
  test.each([
    ['p256', 'sha256', 'PKIX_ECDSA_P256_SHA_256'],
    ['p384', 'sha384', 'PKIX_ECDSA_P384_SHA_384'],
    ['p521', 'sha512', 'PKIX_ECDSA_P521_SHA_512'],
    ['rsa', 'sha256', 'PKIX_RSA_PKCS1V15_2048_SHA256'],
  ] as const)('by %s over %s is verified as Rekor v2 names it', (key, hash, details) => {
    const logged = hashedRekord(hash, details);
    expect(() => verifySignature(logged, overArtifact(key, hash))).not.toThrow();
    expect(() => verifySignature(logged, overEnvelope(key, hash))).not.toThrow();
  });

  test.each([
    ['p256', 'sha256'],
    ['p384', 'sha256'],
    ['p384', 'sha384'],
    ['rsa', 'sha512'],
  ] as const)('by %s over %s is verified as Rekor v1 hashed it', (key, hash) => {
    expect(() => verifySignature(hashedRekord(hash), overArtifact(key, hash))).not.toThrow();
  });

  test.each([
    ['p256', 'sha256'],
    ['p384', 'sha384'],
    ['p521', 'sha512'],
    ['rsa', 'sha256'],
    ['ed25519', null],
  ] as const)('by %s over an envelope is verified with %s in Rekor v1', (key, hash) => {
    expect(() => verifySignature(DSSE_V1, overEnvelope(key, hash))).not.toThrow();
  });

  test.each<[string, LoggedEntry, Signed]>([
    [
      'over another artifact',
      hashedRekord('sha256'),
      { ...overArtifact('p256', 'sha256'), artifact: { kind: 'bytes', bytes: PAE } },
    ],
    ['over another digest', hashedRekord('sha256'), overArtifact('p384', 'sha384')],
    ['by pure Ed25519 over an artifact', hashedRekord('sha512'), overArtifact('ed25519', null)],
    ['over an artifact for an entry of envelopes', DSSE_V1, overArtifact('p256', 'sha256')],
    [
      'by another key',
      hashedRekord('sha256'),
      { ...overArtifact('p256', 'sha256'), signer: overArtifact('rsa', 'sha256').signer },
    ],
  ])('%s is refused', (_, logged, given) => {
    expect(() => verifySignature(logged, given)).toThrow(expect.objectContaining({ code: 'signature' }));
  });
});
