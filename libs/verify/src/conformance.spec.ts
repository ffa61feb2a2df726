import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { importPublicKey, sha256 } from '#crypto';
import { CodedError, decodePem } from '#libs/crypto';
import { vectors } from '../../../test/vectors.js';
import type { Artifact } from './artifact.js';
import { parseBundle } from './bundle.js';
import { parseTrustedRoot } from './trusted-root.js';
import { verifyBundle } from './verify-bundle.js';

const suite = vectors('sigstore-conformance/bundle-verify');
const publicGood = vectors('public-good');

const DEFAULT_IDENTITY =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const DEFAULT_ISSUER = 'https://token.actions.githubusercontent.com';

/** The check that refuses each case. The suite itself says only that it must be refused. */
const REFUSED_BY: Readonly<Record<string, string>> = {
  'bundle-empty-certificate-chain_fail': 'malformed-bundle',
  'bundle-from-wrong-instance_fail': 'unknown-log',
  'bundle-invalid-base64-signature_fail': 'malformed-bundle',
  'bundle-malformed-json_fail': 'malformed-bundle',
  'bundle-negative-log-index_fail': 'malformed-bundle',
  'bundle-unknown-version_fail': 'malformed-bundle',
  'bundle-with-root-cert_fail': 'malformed-bundle',
  'checkpoint-bad-keyhint_fail': 'checkpoint',
  'checkpoint-wrong-roothash_fail': 'checkpoint',
  'dsse-invalid-sig_fail': 'canonical-body',
  'dsse-mismatch-envelope_fail': 'canonical-body',
  'dsse-mismatch-sig_fail': 'canonical-body',
  'inclusion-proof-corrupted-hash_fail': 'inclusion-proof',
  'incorrect-public-key_fail': 'inclusion-promise',
  'integrated-time-in-future_fail': 'certificate-chain',
  'intoto-expired-certificate_fail': 'certificate-chain',
  'intoto-log-entry-mismatch_fail': 'canonical-body',
  'intoto-missing-inclusion-proof_fail': 'malformed-bundle',
  'intoto-set-outside-signing-cert-validity_fail': 'certificate-chain',
  'intoto-tsa-timestamp-outside-cert-validity_fail': 'certificate-chain',
  'invalid-checkpoint-signature_fail': 'checkpoint',
  'invalid-ct-key_fail': 'sct',
  'invalid-inclusion-proof_fail': 'malformed-bundle', // version 0.2, without a checkpoint
  'managed-key-no-key_fail': 'key-material',
  'managed-key-wrong-key_fail': 'malformed-pem',
  'message-digest-mismatch_fail': 'artifact-digest',
  'rekor2-checkpoint-missing-log-signature_fail': 'checkpoint',
  'rekor2-checkpoint-missing-origin_fail': 'checkpoint',
  'rekor2-checkpoint-missing-root-hash_fail': 'checkpoint',
  'rekor2-checkpoint-missing-size_fail': 'checkpoint',
  'rekor2-checkpoint-no-matching-signature_fail': 'checkpoint',
  'rekor2-dsse-invalid-sig_fail': 'canonical-body',
  'rekor2-dsse-mismatch-envelope_fail': 'canonical-body',
  'rekor2-dsse-mismatch-sig_fail': 'canonical-body',
  'rekor2-no-inclusion-proof_fail': 'malformed-bundle',
  'rekor2-no-timestamp_fail': 'no-trusted-time',
  'rekor2-timestamp-outside-trust-root-tsa-validity_fail': 'timestamp',
  'rekor2-timestamp-outside-tsa-cert-validity_fail': 'timestamp',
  'rekor2-timestamp-payload-mismatch_fail': 'timestamp',
  'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail': 'no-trusted-time',
  'rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail': 'no-trusted-time',
  'rekor2-timestamp-with-incorrect-time_fail': 'certificate-chain',
  'set-invalid-signature_fail': 'inclusion-promise',
  'signature-mismatch_fail': 'canonical-body',
  'trust-root-tlog-missing-validity-start_fail': 'malformed-trusted-root',
  'wrong-hashedrekord-artifact_fail': 'canonical-body',
  'wrong-hashedrekord-cert-and-sig_fail': 'canonical-body',
  'wrong-hashedrekord-entry_fail': 'canonical-body',
  'wrong-material_fail': 'artifact-digest',
};

/** The code of the first check that fails; undefined if all pass. */
function verdict(name: string, by: Artifact['kind']): string | undefined {
  const folder = join(suite ?? '', name);
  const read = (file: string, otherwise = ''): string =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), 'utf8').trim() : otherwise;
  const artifact = readFileSync(join(folder, existsSync(join(folder, 'artifact')) ? 'artifact' : '../a.txt'));
  const trustedRoot = read('trusted_root.json') || readFileSync(join(publicGood ?? '', 'trusted_root.json'), 'utf8');
  const key = read('key.pub');
  try {
    verifyBundle({
      bundle: parseBundle(read('bundle.sigstore.json')),
      artifact:
        by === 'bytes' ? { kind: by, bytes: artifact } : { kind: by, algorithm: 'sha256', digest: sha256(artifact) },
      trustedRoot: parseTrustedRoot(JSON.parse(trustedRoot)),
      ...(key
        ? { publicKey: importPublicKey(decodePem(key, 'PUBLIC KEY')[0] ?? new Uint8Array()) }
        : { identity: { subject: read('identity', DEFAULT_IDENTITY), issuer: read('issuer', DEFAULT_ISSUER) } }),
      now: new Date('2026-11-22T00:00:00Z'),
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return error.code;
  }
}

if (suite && publicGood) {
  const names = readdirSync(suite, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);

  describe('sigstore-conformance', () => {
    test('has 70 cases, and the verdict is in the name', () => {
      expect(names).toHaveLength(70);
      expect(names.filter((name) => name.endsWith('_fail'))).toEqual(Object.keys(REFUSED_BY).toSorted());
    });

    test.each(names)('%s', (name) => {
      expect(verdict(name, 'bytes')).toBe(REFUSED_BY[name]);
    });

    test.each(names)('%s, with the artifact given by its digest', (name) => {
      expect(verdict(name, 'digest')).toBe(REFUSED_BY[name]);
    });
  });
} else {
  test.skip('sigstore-conformance', () => undefined);
}
