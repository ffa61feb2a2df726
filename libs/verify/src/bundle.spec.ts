import { describe, expect, test } from '@jest/globals';
import { BUNDLE_MEDIA_TYPE, parseBundle } from './bundle.js';
import { formatBundle } from './format-bundle.js';

const PROOF = {
  logIndex: '735',
  rootHash: 'AAAA',
  treeSize: '736',
  hashes: ['AQID'],
  checkpoint: { envelope: 'log.example\n736\nAAAA\n\n— log.example AAAA\n' },
};

const ENTRY = {
  logIndex: '735',
  logId: { keyId: 'BBBB' },
  kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
  integratedTime: '0',
  inclusionPromise: null,
  inclusionProof: PROOF,
  canonicalizedBody: 'e30=',
};

const MATERIAL = {
  certificate: { rawBytes: 'MAA=' },
  tlogEntries: [ENTRY],
  timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'MAA=' }] },
};

const MESSAGE_SIGNATURE = { messageDigest: { algorithm: 'SHA2_256', digest: 'CCCC' }, signature: 'AQID' };

const BUNDLE = { mediaType: BUNDLE_MEDIA_TYPE, verificationMaterial: MATERIAL, messageSignature: MESSAGE_SIGNATURE };

const ENVELOPE = { payload: 'e30=', payloadType: 'application/vnd.in-toto+json', signatures: [{ sig: 'AQID' }] };

const PROMISED = { ...ENTRY, inclusionPromise: { signedEntryTimestamp: 'AQID' }, inclusionProof: null };

const CHAIN = { certificates: [{ rawBytes: 'MAA=' }] };

function withMaterial(change: object, mediaType = BUNDLE_MEDIA_TYPE): object {
  return { ...BUNDLE, mediaType, verificationMaterial: { ...MATERIAL, ...change } };
}

function old(version: string, entry: object): object {
  const change = { certificate: undefined, x509CertificateChain: CHAIN, tlogEntries: [entry] };
  return withMaterial(change, `application/vnd.dev.sigstore.bundle+json;version=${version}`);
}

function parse(json: object): ReturnType<typeof parseBundle> {
  return parseBundle(JSON.stringify(json));
}

describe('a bundle', () => {
  test('is the same after reading and writing', () => {
    expect(JSON.parse(formatBundle(parse(BUNDLE)))).toEqual(BUNDLE);
  });

  test('of an attestation is the same after reading and writing', () => {
    const { messageSignature: _, ...rest } = BUNDLE;
    const attestation = { ...rest, dsseEnvelope: ENVELOPE };
    expect(JSON.parse(formatBundle(parse(attestation)))).toEqual(attestation);
  });

  test('by a key is the same after reading and writing', () => {
    const { certificate: _, ...rest } = MATERIAL;
    const byKey = { ...BUNDLE, verificationMaterial: { publicKey: { hint: 'mine' }, ...rest } };
    expect(JSON.parse(formatBundle(parse(byKey)))).toEqual(byKey);
  });

  test('may be in UTF-8 bytes', () => {
    expect(parseBundle(new TextEncoder().encode(JSON.stringify(BUNDLE)))).toEqual(parse(BUNDLE));
  });

  test('may have numbers for integers, and lack what is zero', () => {
    const { integratedTime: _, inclusionPromise: __, ...entry } = ENTRY;
    const proof = { ...PROOF, logIndex: 735, treeSize: 736 };
    expect(parse(withMaterial({ tlogEntries: [{ ...entry, logIndex: 735, inclusionProof: proof }] }))).toEqual(
      parse(BUNDLE),
    );
  });

  test('of version 0.1 needs a promise only', () => {
    expect(parse(old('0.1', PROMISED))).toMatchObject({ version: '0.1', material: { kind: 'chain' } });
  });

  test('of version 0.2 is written in version 0.3', () => {
    expect(JSON.parse(formatBundle(parse(old('0.2', ENTRY))))).toEqual(BUNDLE);
  });

  test.each<[string, object | string]>([
    ['is no JSON', 'hello'],
    ['is a list', []],
    ['has no media type', { ...BUNDLE, mediaType: undefined }],
    ['has an unknown media type', { ...BUNDLE, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=99.9' }],
    ['has an unknown field', { ...BUNDLE, extra: 1 }],
    ['has no material', { ...BUNDLE, verificationMaterial: undefined }],
    ['has no signature', { ...BUNDLE, messageSignature: undefined }],
    ['has two contents', { ...BUNDLE, dsseEnvelope: ENVELOPE }],
    ['has an empty signature', { ...BUNDLE, messageSignature: { ...MESSAGE_SIGNATURE, signature: '' } }],
    [
      'has a digest of an unknown algorithm',
      {
        ...BUNDLE,
        messageSignature: { ...MESSAGE_SIGNATURE, messageDigest: { algorithm: 'SHA3_256', digest: 'AA==' } },
      },
    ],
    [
      'has an envelope without a signature',
      { ...BUNDLE, messageSignature: null, dsseEnvelope: { ...ENVELOPE, signatures: [] } },
    ],
    [
      'has an envelope with two signatures',
      {
        ...BUNDLE,
        messageSignature: null,
        dsseEnvelope: { ...ENVELOPE, signatures: [{ sig: 'AQID' }, { sig: 'AQID' }] },
      },
    ],
    ['has neither certificate nor key', withMaterial({ certificate: null })],
    ['has a certificate and a key', withMaterial({ publicKey: { hint: '' } })],
    ['has a certificate and a chain', withMaterial({ x509CertificateChain: CHAIN })],
    ['of version 0.3 has a chain', withMaterial({ certificate: null, x509CertificateChain: CHAIN })],
    ['of version 0.2 has a certificate', withMaterial({}, 'application/vnd.dev.sigstore.bundle+json;version=0.2')],
    ['of version 0.1 lacks a promise', old('0.1', ENTRY)],
    ['of version 0.2 lacks a proof', old('0.2', PROMISED)],
    [
      'of version 0.3 lacks a checkpoint',
      withMaterial({ tlogEntries: [{ ...ENTRY, inclusionProof: { ...PROOF, checkpoint: null } }] }),
    ],
    ['has a negative index', withMaterial({ tlogEntries: [{ ...ENTRY, logIndex: '-1' }] })],
    ['has an index that is no integer', withMaterial({ tlogEntries: [{ ...ENTRY, logIndex: '1.5' }] })],
    ['has a log entry without a body', withMaterial({ tlogEntries: [{ ...ENTRY, canonicalizedBody: '' }] })],
    ['has 33 log entries', withMaterial({ tlogEntries: Array.from({ length: 33 }, () => ENTRY) })],
    [
      'has 33 timestamps',
      withMaterial({
        timestampVerificationData: {
          rfc3161Timestamps: Array.from({ length: 33 }, () => ({ signedTimestamp: 'MAA=' })),
        },
      }),
    ],
    [
      'has a proof of 64 hashes',
      withMaterial({
        tlogEntries: [{ ...ENTRY, inclusionProof: { ...PROOF, hashes: Array.from({ length: 64 }, () => 'AA==') } }],
      }),
    ],
  ])('that %s is refused', (_, json) => {
    expect(() => (typeof json === 'string' ? parseBundle(json) : parse(json))).toThrow(
      expect.objectContaining({ name: 'VerificationError', code: 'malformed-bundle' }),
    );
  });
});
