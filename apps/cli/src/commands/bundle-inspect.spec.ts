import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vectors } from '../../../../test/vectors.js';
import { invoke } from '../testing/invoke.js';

const suite = vectors('sigstore-conformance/bundle-verify');

(suite ? describe : describe.skip)('bundle inspect', () => {
  const inspect = (name: string, ...argv: string[]): ReturnType<typeof invoke> =>
    invoke(['bundle', 'inspect', join(suite!, name, 'bundle.sigstore.json'), ...argv]);

  test('says that nothing is verified, and what is there', async () => {
    const { exit, stdout } = await inspect('rekor2-checkpoint-multiple-cosigs');
    expect(exit).toBe(0);
    expect(stdout).toContain('what it says, not verified');
    expect(stdout).toContain('https://token.actions.githubusercontent.com');
    expect(stdout).toMatch(
      /signed by +log2025-alpha1\.rekor\.sigstage\.dev, witness\.example\/w1, witness\.example\/w2\n/,
    );
  });

  test('shows the statement of an attestation', async () => {
    const { stdout } = await inspect('rekor2-dsse-happy-path', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'tally/bundle-inspect/v1',
      verified: false,
      dsseEnvelope: { predicateType: 'https://slsa.dev/provenance/v1', subjects: [{ name: 'a.txt' }] },
      certificate: { identity: { type: 'uri' } },
      tlogEntries: [{ kindVersion: 'hashedrekord 0.0.2', checkpoint: { size: expect.any(Number) } }],
      timestamps: [{ granted: true }],
    });
  });

  test('shows a bundle that is signed with a key', async () => {
    expect((await inspect('managed-key-happy-path')).stdout).toMatch(/public key +hint /);
  });

  test('goes on after a part that can’t be read', async () => {
    const bundle = JSON.parse(readFileSync(join(suite!, 'rekor2-happy-path', 'bundle.sigstore.json'), 'utf8')) as {
      verificationMaterial: { certificate: { rawBytes: string } };
    };
    bundle.verificationMaterial.certificate.rawBytes = 'AAAA';
    const path = join(mkdtempSync(join(tmpdir(), 'tally-')), 'bundle.json');
    writeFileSync(path, JSON.stringify(bundle));
    const { exit, stdout } = await invoke(['bundle', 'inspect', path]);
    expect(exit).toBe(0);
    expect(stdout).toMatch(/certificate +unreadable: /);
    expect(stdout).toMatch(/log entry +index 735/);
  });

  test('a file that is no bundle is exit 1, a missing one exit 3', async () => {
    expect((await inspect('bundle-malformed-json_fail')).exit).toBe(1);
    expect((await inspect('nowhere')).exit).toBe(3);
  });
});
