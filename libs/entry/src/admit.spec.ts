import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { sha256, toBase64 } from '#crypto';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { admitEntry, ENTRY_MAX_BYTES } from './admit.js';
import { pae } from './envelope.js';
import { encodeEntry } from './hashedrekord.js';
import { parseEntry } from './parse-entry.js';
import { addEntryRequestFor, parseAddEntryRequest } from './request.js';

const ARTIFACT = utf8Encode('an artifact');
const P256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function spki(key: KeyObject): string {
  return key.export({ format: 'der', type: 'spki' }).toString('base64');
}

interface Parts {
  digest: Uint8Array;
  signature: Uint8Array;
  publicKey: string;
  keyDetails: string | number;
}

const GOOD: Parts = {
  digest: sha256(ARTIFACT),
  signature: sign('sha256', ARTIFACT, P256.privateKey),
  publicKey: spki(P256.publicKey),
  keyDetails: 'PKIX_ECDSA_P256_SHA_256',
};

function hashedRekord(change: Partial<Parts> = {}): unknown {
  const { digest, signature, publicKey, keyDetails } = { ...GOOD, ...change };
  return {
    hashedRekordRequestV002: {
      digest: toBase64(digest),
      signature: { content: toBase64(signature), verifier: { publicKey: { rawBytes: publicKey }, keyDetails } },
    },
  };
}

function admit(json: unknown): ReturnType<typeof admitEntry> {
  return admitEntry(parseAddEntryRequest(json));
}

function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'EntryError', code });
}

describe('a hashedrekord request', () => {
  test('becomes the entry that it describes', () => {
    expect(utf8Decode(encodeEntry(admit(hashedRekord())))).toBe(
      '{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{"hashedRekordV002":{' +
        `"data":{"algorithm":"SHA2_256","digest":"${toBase64(GOOD.digest)}"},` +
        `"signature":{"content":"${toBase64(GOOD.signature)}",` +
        `"verifier":{"keyDetails":"PKIX_ECDSA_P256_SHA_256","publicKey":{"rawBytes":"${GOOD.publicKey}"}}}}}}`,
    );
  });

  test('may name its key details by number', () => {
    expect(admit(hashedRekord({ keyDetails: 5 }))).toEqual(admit(hashedRekord()));
  });

  test('is what addEntryRequestFor writes', () => {
    const entry = admit(hashedRekord());
    expect(admit(JSON.parse(JSON.stringify(addEntryRequestFor(entry))))).toEqual(entry);
  });

  const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const P384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const P521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
  test.each([
    ['PKIX_RSA_PKCS1V15_2048_SHA256', 'sha256', RSA],
    ['PKIX_ECDSA_P384_SHA_384', 'sha384', P384],
    ['PKIX_ECDSA_P521_SHA_512', 'sha512', P521],
  ])('may be signed by %s', (keyDetails, hash, { publicKey, privateKey }) => {
    const digest = createHash(hash).update(ARTIFACT).digest();
    const entry = admit(
      hashedRekord({ digest, signature: sign(hash, ARTIFACT, privateKey), publicKey: spki(publicKey), keyDetails }),
    );
    expect(parseEntry(encodeEntry(entry))).toMatchObject({ digestAlgorithm: hash, keyDetails });
  });

  test('may be signed by Ed25519ph', () => {
    // RFC 8032 §7.3
    const entry = admit(
      hashedRekord({
        digest: createHash('sha512').update('abc').digest(),
        signature: Buffer.from(
          '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406',
          'hex',
        ),
        publicKey: Buffer.from(
          '302a300506032b6570032100ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
          'hex',
        ).toString('base64'),
        keyDetails: 'PKIX_ED25519_PH',
      }),
    );
    expect(entry.digestAlgorithm).toBe('sha512');
  });

  test('signed by pure Ed25519 is refused', () => {
    const ed25519 = generateKeyPairSync('ed25519');
    const change = { publicKey: spki(ed25519.publicKey), signature: sign(null, ARTIFACT, ed25519.privateKey) };
    expect(() => admit(hashedRekord({ ...change, keyDetails: 'PKIX_ED25519' }))).toThrow(
      refusal('no-digest-algorithm'),
    );
  });

  test.each(['LMS_SHA256', 'PKIX_RSA_PSS_2048_SHA256', 1, 999, undefined])(
    'with key details %j is refused',
    (keyDetails) => {
      expect(() => admit(hashedRekord({ keyDetails: keyDetails as string }))).toThrow(
        refusal('unsupported-key-details'),
      );
    },
  );

  test('whose key is of another curve than it says is refused', () => {
    expect(() => admit(hashedRekord({ publicKey: spki(P384.publicKey) }))).toThrow(refusal('key-mismatch'));
  });

  test('whose RSA key is of another size than it says is refused', () => {
    const change = { publicKey: spki(RSA.publicKey), keyDetails: 'PKIX_RSA_PKCS1V15_3072_SHA256' };
    expect(() => admit(hashedRekord(change))).toThrow(refusal('key-mismatch'));
  });

  test('with a digest of the wrong length is refused', () => {
    expect(() => admit(hashedRekord({ digest: GOOD.digest.subarray(1) }))).toThrow(refusal('digest-length'));
  });

  test('whose signature is over another digest is refused', () => {
    expect(() => admit(hashedRekord({ digest: sha256(utf8Encode('another')) }))).toThrow(refusal('invalid-signature'));
  });

  test('whose key is no key is refused', () => {
    expect(() => admit(hashedRekord({ publicKey: 'AQID' }))).toThrow(refusal('malformed-verifier'));
  });

  test('whose certificate is no certificate is refused', () => {
    const request = parseAddEntryRequest(hashedRekord());
    expect(() =>
      admitEntry({ ...request, verifier: { kind: 'certificate', raw: Uint8Array.of(0x30, 0x00) } } as typeof request),
    ).toThrow(refusal('malformed-verifier'));
  });

  test('for an entry that no tile could hold is refused', () => {
    const request = parseAddEntryRequest(hashedRekord());
    const raw = new Uint8Array(ENTRY_MAX_BYTES);
    expect(() => admitEntry({ ...request, verifier: { kind: 'certificate', raw } } as typeof request)).toThrow(
      refusal('entry-too-large'),
    );
  });
});

describe('a DSSE request', () => {
  const envelope = { payloadType: 'text/plain', payload: utf8Encode('hi') };
  const signed = pae(envelope.payloadType, envelope.payload);

  function dsse(signatures: number, verifiers: number, payload = envelope.payload): unknown {
    const sig = toBase64(sign('sha256', signed, P256.privateKey));
    const verifier = { publicKey: { rawBytes: GOOD.publicKey }, keyDetails: GOOD.keyDetails };
    return {
      dsseRequestV002: {
        envelope: {
          payload: toBase64(payload),
          payloadType: envelope.payloadType,
          signatures: Array.from({ length: signatures }, () => ({ sig, keyid: '' })),
        },
        verifiers: Array.from({ length: verifiers }, () => verifier),
      },
    };
  }

  test('becomes a hashedrekord over the hash of its pre-authentication encoding', () => {
    expect(admit(dsse(1, 1))).toMatchObject({ kind: 'hashedrekord', apiVersion: '0.0.2', digest: sha256(signed) });
  });

  test('whose signature is over another payload is refused', () => {
    expect(() => admit(dsse(1, 1, utf8Encode('ho')))).toThrow(refusal('invalid-signature'));
  });

  test.each([
    [0, 1],
    [2, 1],
    [1, 0],
    [1, 2],
  ])('with %d signatures and %d verifiers is refused', (signatures, verifiers) => {
    expect(() => admit(dsse(signatures, verifiers))).toThrow(refusal('signature-count'));
  });
});
