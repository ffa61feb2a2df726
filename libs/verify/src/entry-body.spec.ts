import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { importPublicKey, sha256 } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { pae, type LoggedEntry } from '#libs/entry';
import type { Artifact } from './artifact.js';
import { verifyEntryBody, type Signed } from './entry-body.js';

const ARTIFACT: Artifact = { kind: 'bytes', bytes: utf8Encode('an artifact') };
const DIGEST = sha256(utf8Encode('an artifact'));
const PAYLOAD = utf8Encode('a payload');
const SIGNATURE = Uint8Array.of(1, 2, 3);
const OTHER = Uint8Array.of(1, 2, 4);

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEY = importPublicKey(publicKey.export({ format: 'der', type: 'spki' }));
const VERIFIER = { kind: 'public-key', raw: KEY.spki } as const;
const SIGNER = { publicKey: KEY, verifier: VERIFIER };

const MESSAGE: Signed = {
  content: { kind: 'message-signature', signature: SIGNATURE },
  artifact: ARTIFACT,
  signer: SIGNER,
};

const ENVELOPE: Signed = {
  content: {
    kind: 'dsse',
    envelope: { payloadType: 'text/plain', payload: PAYLOAD, signatures: [{ sig: SIGNATURE, keyid: '' }] },
  },
  artifact: ARTIFACT,
  signer: SIGNER,
};

const RECORD = {
  kind: 'hashedrekord',
  digestAlgorithm: 'sha256',
  digest: DIGEST,
  signature: SIGNATURE,
  verifier: VERIFIER,
} as const;
const V1: LoggedEntry = { ...RECORD, apiVersion: '0.0.1' };
const V2: LoggedEntry = { ...RECORD, apiVersion: '0.0.2', keyDetails: 'PKIX_ECDSA_P256_SHA_256' };

const SIGNATURES = [{ signature: SIGNATURE, verifier: VERIFIER }];
const DSSE: LoggedEntry = { kind: 'dsse', apiVersion: '0.0.1', payloadHash: sha256(PAYLOAD), signatures: SIGNATURES };
const INTOTO: LoggedEntry = { ...DSSE, kind: 'intoto', apiVersion: '0.0.2', payloadType: 'text/plain' };

describe('a log entry', () => {
  test.each<[string, LoggedEntry, Signed]>([
    ['hashedrekord 0.0.1', V1, MESSAGE],
    ['hashedrekord 0.0.2', V2, MESSAGE],
    ['hashedrekord 0.0.2 over an envelope', { ...V2, digest: sha256(pae('text/plain', PAYLOAD)) }, ENVELOPE],
    ['dsse 0.0.1', DSSE, ENVELOPE],
    ['intoto 0.0.2', INTOTO, ENVELOPE],
  ])('of kind %s is about the signature that it holds', (_, logged, signed) => {
    expect(() => verifyEntryBody(logged, signed)).not.toThrow();
  });

  test.each<[string, LoggedEntry, Signed]>([
    ['another signature', { ...V1, signature: OTHER }, MESSAGE],
    ['another digest', { ...V1, digest: sha256(OTHER) }, MESSAGE],
    ['another key', { ...V1, verifier: { kind: 'public-key', raw: OTHER } }, MESSAGE],
    ['a certificate in the place of a key', { ...V1, verifier: { ...VERIFIER, kind: 'certificate' } }, MESSAGE],
    ['an artifact in the place of an envelope', V1, ENVELOPE],
    ['another signature, in Rekor v2', { ...V2, signature: OTHER }, MESSAGE],
    ['another digest, in Rekor v2', { ...V2, digest: sha256(OTHER) }, MESSAGE],
    ['another key, in Rekor v2', { ...V2, verifier: { kind: 'public-key', raw: OTHER } }, MESSAGE],
    ['another algorithm, in Rekor v2', { ...V2, keyDetails: 'PKIX_RSA_PKCS1V15_2048_SHA256' }, MESSAGE],
    ['another envelope, in Rekor v2', V2, ENVELOPE],
    ['an envelope in the place of an artifact', DSSE, MESSAGE],
    ['another payload', { ...DSSE, payloadHash: sha256(OTHER) }, ENVELOPE],
    ['no signature', { ...DSSE, signatures: [] }, ENVELOPE],
    ['two signatures', { ...DSSE, signatures: [...SIGNATURES, ...SIGNATURES] }, ENVELOPE],
    ['another payload, in-toto', { ...INTOTO, payloadHash: sha256(OTHER) }, ENVELOPE],
    ['another payload type, in-toto', { ...INTOTO, payloadType: 'text/html' }, ENVELOPE],
  ])('about %s is refused', (_, logged, signed) => {
    expect(() => verifyEntryBody(logged, signed)).toThrow(expect.objectContaining({ code: 'canonical-body' }));
  });
});

describe('an artifact given by a digest of another algorithm', () => {
  test('is refused', () => {
    const artifact: Artifact = { kind: 'digest', algorithm: 'sha512', digest: new Uint8Array(64) };
    expect(() => verifyEntryBody(V1, { ...MESSAGE, artifact })).toThrow(
      expect.objectContaining({ code: 'artifact-digest' }),
    );
  });
});
