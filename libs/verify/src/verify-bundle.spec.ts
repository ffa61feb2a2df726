import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { importPublicKey, sha256, toHex } from '#crypto';
import { parseCertificate } from '#libs/certificate';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { formatNote, KEY_TYPE, parseNote, verifierKey } from '#libs/note';
import { cosignatureMessage, encodeCosignature, type TlogPolicy } from '#libs/tlog';
import { vectors } from '../../../test/vectors.js';
import { parseBundle, type Bundle } from './bundle.js';
import type { InclusionProof, TlogEntry } from './tlog-entry.js';
import { parseTrustedRoot, type TrustedRoot } from './trusted-root.js';
import { verifyBundle, type Verification, type VerifyBundleInput } from './verify-bundle.js';

const suite = vectors('sigstore-conformance/bundle-verify');

const SUBJECT =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

function artifact(name: string): Uint8Array {
  const own = join(suite ?? '', name, 'artifact');
  return readFileSync(existsSync(own) ? own : join(suite ?? '', 'a.txt'));
}

function input(name: string): VerifyBundleInput {
  const read = (file: string): string => readFileSync(join(suite ?? '', name, file), 'utf8');
  return {
    bundle: parseBundle(read('bundle.sigstore.json')),
    artifact: { kind: 'bytes', bytes: artifact(name) },
    trustedRoot: parseTrustedRoot(JSON.parse(read('trusted_root.json'))),
    identity: { subject: SUBJECT, issuer: ISSUER },
    now: new Date('2026-11-22T00:00:00Z'),
  };
}

function describeWithVectors(name: string, facts: () => void): void {
  if (suite) describe(name, facts);
  else test.skip(name, () => undefined);
}

function refusal(code: string): unknown {
  return expect.objectContaining({ name: 'VerificationError', code });
}

/** The bytes with the lowest bit of one of them changed; counted from the end if negative. */
function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] ?? 0) ^ 1;
  return copy;
}

function entryOf(bundle: Bundle): TlogEntry & { inclusionProof: InclusionProof } {
  const [entry] = bundle.tlogEntries;
  if (!entry?.inclusionProof) throw new Error('the bundle has no log entry with a proof');
  return { ...entry, inclusionProof: entry.inclusionProof };
}

function withEntry(bundle: Bundle, change: Partial<TlogEntry>): Bundle {
  return { ...bundle, tlogEntries: [{ ...entryOf(bundle), ...change }] };
}

function withProof(bundle: Bundle, change: Partial<InclusionProof>): Bundle {
  return withEntry(bundle, { inclusionProof: { ...entryOf(bundle).inclusionProof, ...change } });
}

describeWithVectors('a bundle with an entry in Rekor v2', () => {
  const good = input('rekor2-happy-path');
  const verify = (change: Partial<VerifyBundleInput>): Verification => verifyBundle({ ...good, ...change });
  const { bundle, trustedRoot } = good;
  const proof = entryOf(bundle).inclusionProof;

  if (bundle.material.kind !== 'certificate') throw new Error(bundle.material.kind);
  const { certificate } = bundle.material;
  const certificateWith = (at: number): Bundle => ({
    ...bundle,
    material: { kind: 'certificate', certificate: flipped(certificate, at) },
  });

  test('says who signed, when, and where that is logged', () => {
    expect(verify({})).toMatchObject({
      identity: { subject: { type: 'uri', value: SUBJECT }, issuer: ISSUER },
      publicKey: { algorithm: 'ecdsa-p256' },
      times: [
        {
          time: new Date('2025-06-12T12:02:20Z'),
          source: 'timestamp-authority',
          authority: 'https://timestamp.sigstage.dev/api/v1/timestamp',
        },
      ],
      entry: {
        index: 735n,
        log: { baseUrl: 'https://log2025-alpha1.rekor.sigstage.dev' },
        body: { kind: 'hashedrekord', apiVersion: '0.0.2' },
        checkpoint: { origin: 'log2025-alpha1.rekor.sigstage.dev', size: 736n },
      },
    });
  });

  describe('with one byte changed', () => {
    test('in the artifact is refused by its digest', () => {
      const bytes = flipped(artifact('rekor2-happy-path'), 5);
      expect(() => verify({ artifact: { kind: 'bytes', bytes } })).toThrow(refusal('artifact-digest'));
      expect(() => verify({ artifact: { kind: 'digest', algorithm: 'sha256', digest: sha256(bytes) } })).toThrow(
        refusal('artifact-digest'),
      );
    });

    test('in the signature is refused by the timestamp, which is over the signature', () => {
      const content = { ...bundle.content, signature: flipped(signatureIn(bundle), -1) } as Bundle['content'];
      expect(() => verify({ bundle: { ...bundle, content } })).toThrow(refusal('timestamp'));
    });

    test('in the certificate is refused by its chain', () => {
      const { subjectAltNames, raw } = parseCertificate(certificate);
      const name = utf8Encode(subjectAltNames[0]?.type === 'uri' ? subjectAltNames[0].value : '');
      expect(() => verify({ bundle: certificateWith(indexOf(raw, name) + 20) })).toThrow(refusal('certificate-chain'));
    });

    test('in the SCT is refused by the chain of the certificate that holds it', () => {
      const list = parseCertificate(certificate).extensions.find(({ oid }) => oid === '1.3.6.1.4.1.11129.2.4.2');
      const at = indexOf(certificate, list?.value ?? new Uint8Array());
      expect(() => verify({ bundle: certificateWith(at + 20) })).toThrow(refusal('certificate-chain'));
    });

    test('in the structure of the certificate is refused by its parser', () => {
      expect(() => verify({ bundle: certificateWith(0) })).toThrow(refusal('malformed-certificate'));
    });

    test('in the timestamp is refused by its signature', () => {
      const timestamps = bundle.timestamps.map((timestamp) => flipped(timestamp, -1));
      expect(() => verify({ bundle: { ...bundle, timestamps } })).toThrow(refusal('timestamp'));
    });

    test('in the inclusion proof is refused by the proof', () => {
      const hashes = proof.hashes.map((hash, i) => (i === 3 ? flipped(hash, 9) : hash));
      expect(() => verify({ bundle: withProof(bundle, { hashes }) })).toThrow(refusal('inclusion-proof'));
    });

    test('in the canonical body is refused by the body', () => {
      const canonicalizedBody = flipped(entryOf(bundle).canonicalizedBody, 150);
      expect(() => verify({ bundle: withEntry(bundle, { canonicalizedBody }) })).toThrow(refusal('canonical-body'));
    });

    test.each([
      ['origin', 0],
      ['root', 40],
      ['signature', -10],
    ])('in the %s of the checkpoint is refused by the checkpoint', (_, at) => {
      const checkpoint = utf8Decode(flipped(utf8Encode(proof.checkpoint), at));
      expect(() => verify({ bundle: withProof(bundle, { checkpoint }) })).toThrow(refusal('checkpoint'));
    });
  });

  test.each<[string, Partial<InclusionProof>, string]>([
    ['another root than its checkpoint', { rootHash: sha256(new Uint8Array()) }, 'checkpoint'],
    ['another size than its checkpoint', { treeSize: 737n }, 'checkpoint'],
    ['no checkpoint', { checkpoint: '' }, 'inclusion-proof'],
    ['another index', { logIndex: 734n }, 'inclusion-proof'],
    ['a hash too few', { hashes: proof.hashes.slice(1) }, 'inclusion-proof'],
  ])('whose proof has %s is refused', (_, change, code) => {
    expect(() => verify({ bundle: withProof(bundle, change) })).toThrow(refusal(code));
  });

  test.each<[string, Partial<TlogEntry>, string]>([
    ['another index than its proof', { logIndex: 1n }, 'inclusion-proof'],
    ['another log', { logId: sha256(new Uint8Array()) }, 'unknown-log'],
    ['the kind of another entry', { kind: 'dsse' }, 'canonical-body'],
    ['the version of another entry', { version: '0.0.1' }, 'canonical-body'],
    ['a promise that the log never made', { inclusionPromise: Uint8Array.of(1, 2, 3) }, 'inclusion-promise'],
  ])('whose entry has %s is refused', (_, change, code) => {
    expect(() => verify({ bundle: withEntry(bundle, change) })).toThrow(refusal(code));
  });

  test('without a log entry is refused', () => {
    expect(() => verify({ bundle: { ...bundle, tlogEntries: [] } })).toThrow(refusal('no-log-entry'));
  });

  test('without a timestamp is refused, though its entry states a time', () => {
    const dated = withEntry({ ...bundle, timestamps: [] }, { integratedTime: 1749729740n });
    expect(() => verify({ bundle: dated })).toThrow(refusal('no-trusted-time'));
  });

  test('with a timestamp by an unknown authority only is refused', () => {
    expect(() => verify({ trustedRoot: { ...trustedRoot, timestampAuthorities: [] } })).toThrow(
      refusal('no-trusted-time'),
    );
  });

  test('one of whose times is outside the validity of the certificate is refused', () => {
    const late = input('rekor2-timestamp-with-incorrect-time_fail').bundle;
    const timestamps = [...bundle.timestamps, ...late.timestamps];
    expect(() => verify({ bundle: { ...bundle, timestamps } })).toThrow(refusal('certificate-chain'));
  });

  test('that counts a log or a timestamp twice is refused', () => {
    const tlogEntries = [...bundle.tlogEntries, ...bundle.tlogEntries];
    expect(() => verify({ bundle: { ...bundle, tlogEntries } })).toThrow(refusal('duplicate-evidence'));
    const timestamps = [...bundle.timestamps, ...bundle.timestamps];
    expect(() => verify({ bundle: { ...bundle, timestamps } })).toThrow(refusal('duplicate-evidence'));
  });

  test('is refused when its log was not trusted at the time', () => {
    const tlogs = trustedRoot.tlogs.map((log) => ({
      ...log,
      validFor: { ...log.validFor, end: new Date('2025-06-12T12:02:19Z') },
    }));
    expect(() => verify({ trustedRoot: { ...trustedRoot, tlogs } })).toThrow(refusal('log-validity'));
  });

  test('is refused when its CA was not trusted at the time', () => {
    const certificateAuthorities = trustedRoot.certificateAuthorities.map((ca) => ({
      ...ca,
      validFor: { start: new Date('2025-06-12T12:02:21Z') },
    }));
    expect(() => verify({ trustedRoot: { ...trustedRoot, certificateAuthorities } })).toThrow(
      refusal('certificate-chain'),
    );
  });

  test.each<[string, Partial<TrustedRoot>, string]>([
    ['CA', { certificateAuthorities: [] }, 'certificate-chain'],
    ['CT log', { ctlogs: [] }, 'sct'],
    ['log', { tlogs: [] }, 'unknown-log'],
  ])('is refused by who trusts no %s', (_, change, code) => {
    expect(() => verify({ trustedRoot: { ...trustedRoot, ...change } })).toThrow(refusal(code));
  });

  test('is refused when another key made its SCT', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const other = importPublicKey(publicKey.export({ format: 'der', type: 'spki' }));
    const ctlogs = trustedRoot.ctlogs.map((log) => ({ ...log, publicKey: other }));
    expect(() => verify({ trustedRoot: { ...trustedRoot, ctlogs } })).toThrow(refusal('sct'));
  });

  test('is refused when its log is known by another host', () => {
    const tlogs = trustedRoot.tlogs.map((log) => ({ ...log, baseUrl: 'https://log.example' }));
    expect(() => verify({ trustedRoot: { ...trustedRoot, tlogs } })).toThrow(refusal('checkpoint'));
  });

  test('is accepted where the base URL of its log has a port, a path, or no scheme', () => {
    for (const suffix of ['https://log2025-alpha1.rekor.sigstage.dev:8443/log', 'log2025-alpha1.rekor.sigstage.dev']) {
      const tlogs = trustedRoot.tlogs.map((log) => ({ ...log, baseUrl: suffix }));
      expect(verify({ trustedRoot: { ...trustedRoot, tlogs } }).entry.index).toBe(735n);
    }
  });

  test('is not verified with a key', () => {
    const { publicKey } = verify({});
    expect(() => verify({ publicKey })).toThrow(refusal('key-material'));
  });

  describe('by an identity', () => {
    test('that nobody asked for is refused, and named', () => {
      const found = expect.objectContaining({
        code: 'identity-required',
        identity: expect.objectContaining({ subject: { type: 'uri', value: SUBJECT }, issuer: ISSUER }),
      });
      const { identity: _, ...anybody } = good;
      expect(() => verifyBundle(anybody)).toThrow(found);
    });

    test.each([
      ['another subject', { subject: `${SUBJECT}x`, issuer: ISSUER }],
      ['a part of the subject', { subject: SUBJECT.slice(0, -1), issuer: ISSUER }],
      ['another issuer', { subject: SUBJECT, issuer: 'https://accounts.google.com' }],
      ['a pattern that does not match', { subject: /^sigstore-conformance/, issuer: ISSUER }],
    ])('is refused for %s, and named', (_, identity) => {
      expect(() => verify({ identity })).toThrow(
        expect.objectContaining({ code: 'identity', identity: expect.objectContaining({ issuer: ISSUER }) }),
      );
    });

    test('is accepted for patterns, twice', () => {
      const identity = { subject: /\/extremely-dangerous-[a-z-]+\//g, issuer: /^https:\/\/token\./y };
      verify({ identity });
      expect(verify({ identity }).identity?.issuer).toBe(ISSUER);
    });
  });

  describe('whose checkpoint a witness cosigned', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = importPublicKey(publicKey.export({ format: 'der', type: 'spki' })).raw;
    const key = verifierKey('witness.example', KEY_TYPE.cosignature, raw);
    const policy: TlogPolicy = { logs: [], witnesses: [{ name: 'w1', key }], groups: [], quorum: 'w1' };

    const { text, signatures } = parseNote(utf8Encode(proof.checkpoint));
    const timestamp = 1749729741n;
    const signature = encodeCosignature(timestamp, sign(null, cosignatureMessage(text, timestamp), privateKey));
    const cosigned = (by: Uint8Array): Bundle =>
      withProof(bundle, {
        checkpoint: utf8Decode(
          formatNote({ text, signatures: [...signatures, { name: key.name, keyId: key.id, signature: by }] }),
        ),
      });

    test('has the quorum of the policy', () => {
      expect(verify({ bundle: cosigned(signature), policy }).quorum).toEqual({
        met: true,
        otherLog: false,
        demand: 'w1',
        witnesses: [{ name: 'w1', keyName: 'witness.example', state: 'cosigned', timestamp }],
      });
    });

    test('is looked at by nobody without a policy', () => {
      expect(verify({ bundle: cosigned(signature) }).quorum).toBeUndefined();
    });

    test('has it no more with one byte changed in the cosignature, and the error says why', () => {
      const refused = (): unknown => verify({ bundle: cosigned(flipped(signature, -1)), policy });
      expect(refused).toThrow(refusal('quorum'));
      expect(refused).toThrow(/size \d+: the policy asks for w1: w1 ✗ its cosignature does not verify$/);
      expect(() => verify({ policy })).toThrow(/w1 ✗ not cosigned$/);
    });

    test('is refused for its signature first where that is wrong, too', () => {
      const artifact = { kind: 'bytes', bytes: utf8Encode('another') } as const;
      expect(() => verify({ policy, artifact })).toThrow(refusal('artifact-digest'));
    });

    test('is refused under a policy that names other logs', () => {
      const other = verifierKey('other.example', KEY_TYPE.ed25519, raw);
      const ofOthers: TlogPolicy = { ...policy, logs: [{ key: other }] };
      expect(() => verify({ bundle: cosigned(signature), policy: ofOthers })).toThrow(
        /does not name this log: w1 ✓ 2025-06-12 12:02:21 UTC$/,
      );
    });
  });
});

describeWithVectors('a bundle with an attestation', () => {
  const good = input('rekor2-dsse-happy-path');

  test('gives the statement', () => {
    expect(verifyBundle(good).statement?.subjects[0]?.digest.get('sha256')).toBe(
      toHex(sha256(artifact('rekor2-dsse-happy-path'))),
    );
  });

  test('is refused for an artifact that is no subject', () => {
    expect(() => verifyBundle({ ...good, artifact: { kind: 'bytes', bytes: utf8Encode('another') } })).toThrow(
      refusal('artifact-digest'),
    );
  });

  test('is refused for a digest of an algorithm that the statement does not have', () => {
    const artifact = { kind: 'digest', algorithm: 'sha512', digest: new Uint8Array(64) } as const;
    expect(() => verifyBundle({ ...good, artifact })).toThrow(refusal('artifact-digest'));
  });
});

describeWithVectors('a bundle with an entry in Rekor v1', () => {
  const good = input('trust-root-tlog-validity-end-inclusive');

  test('has its time from the log', () => {
    expect(verifyBundle(good).times).toEqual([
      {
        time: new Date('2023-07-12T15:56:36Z'),
        source: 'integrated-time',
        authority: 'https://rekor.sigstore.dev',
      },
    ]);
  });

  test('is refused if that time is in the future', () => {
    expect(() => verifyBundle({ ...good, now: new Date('2023-07-12T15:56:35Z') })).toThrow(refusal('integrated-time'));
  });

  test('is refused if that time is after the trust in the log', () => {
    const tlogs = good.trustedRoot.tlogs.map((log) => ({
      ...log,
      validFor: { ...log.validFor, end: new Date('2023-07-12T15:56:35.999Z') },
    }));
    expect(() => verifyBundle({ ...good, trustedRoot: { ...good.trustedRoot, tlogs } })).toThrow(
      refusal('log-validity'),
    );
  });

  test('counts its index over all shards, under the promise of the log', () => {
    expect(verifyBundle(good).entry).toMatchObject({ index: 27246492n, checkpoint: { size: 23083062n } });
    expect(() => verifyBundle({ ...good, bundle: withEntry(good.bundle, { logIndex: 27246493n }) })).toThrow(
      refusal('inclusion-promise'),
    );
  });

  test('may rest on the promise alone', () => {
    const { inclusionProof: _, ...entry } = entryOf(good.bundle);
    const promised = verifyBundle({ ...good, bundle: { ...good.bundle, tlogEntries: [entry] } });
    expect(promised.entry).not.toHaveProperty('checkpoint');
  });
});

describeWithVectors('a bundle with both times', () => {
  const good = input('intoto-with-custom-trust-root');

  test('has them both', () => {
    expect(verifyBundle(good).times.map(({ source }) => source)).toEqual(['timestamp-authority', 'integrated-time']);
  });

  test('may be timestamped by an unknown authority', () => {
    const trustedRoot = { ...good.trustedRoot, timestampAuthorities: [] };
    expect(verifyBundle({ ...good, trustedRoot }).times.map(({ source }) => source)).toEqual(['integrated-time']);
  });
});

describeWithVectors('a bundle by a managed key', () => {
  const { identity, ...good } = input('managed-key-and-trusted-root');
  const pem = readFileSync(join(suite ?? '', 'managed-key-and-trusted-root', 'key.pub'), 'utf8');
  const publicKey = importPublicKey(Buffer.from(pem.replaceAll(/-----.*-----/g, ''), 'base64'));

  test('is verified with that key, and has no identity', () => {
    const verification = verifyBundle({ ...good, publicKey });
    expect(verification.publicKey).toBe(publicKey);
    expect(verification).not.toHaveProperty('identity');
  });

  test('is not verified for an identity', () => {
    expect(() => verifyBundle({ ...good, publicKey, ...(identity && { identity }) })).toThrow(refusal('identity'));
  });

  test('is refused with another key', () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' });
    expect(() => verifyBundle({ ...good, publicKey: importPublicKey(other) })).toThrow(refusal('canonical-body'));
  });
});

function signatureIn(bundle: Bundle): Uint8Array {
  if (bundle.content.kind !== 'message-signature') throw new Error(bundle.content.kind);
  return bundle.content.signature;
}

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  return Buffer.from(bytes).indexOf(part);
}
