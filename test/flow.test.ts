import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseCertificate, parseSctList } from '#libs/certificate';
import { invoke, type Invocation } from '../apps/cli/src/testing/invoke.js';
import { freeStackPort, spawnStack, type SpawnedStack } from './network.js';

const EMAIL = 'you@example.org';
const run = promisify(execFile);

/** Whether a process without any network can be had here: Linux, and the right to make one. */
function canUnshare(): boolean {
  try {
    execFileSync('unshare', ['-n', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stderr.write('no right to unshare -n here: the test without a network is skipped\n');
    return false;
  }
}

/** From the file to the verdict, as its user types it: the built stack, the built command line, real files. */
describe('sign, then verify', () => {
  let work: string;
  let home: string;
  let stack: SpawnedStack;
  let token: string;
  let identity: string[];
  let stopped = false;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'tally-flow-'));
    home = join(work, 'home');
    stack = await spawnStack({ home, port: await freeStackPort() });
    token = await stack.token(EMAIL);
    identity = ['--certificate-identity', EMAIL, '--certificate-oidc-issuer', stack.urls.issuer];
  });
  afterAll(async () => {
    if (!stopped) await stack.kill('SIGTERM');
    await rm(work, { recursive: true });
  });

  const tally = (...argv: string[]): Promise<Invocation> => invoke(argv, { env: { TALLY_HOME: home }, cwd: work });
  /** The command as it is installed. */
  const bin = (
    argv: readonly string[],
    before: readonly string[] = [],
  ): Promise<{ stdout: string; stderr: string }> => {
    const [program = '', ...rest] = [...before, process.execPath, resolve('apps/cli/bin/tally.js'), ...argv];
    return run(program, rest, { cwd: work, env: { PATH: process.env.PATH, TALLY_HOME: home } });
  };

  describe('goes through for', () => {
    const made: Record<string, () => Promise<void>> = {
      'a tarball': async () => {
        await mkdir(join(work, 'package'));
        await writeFile(join(work, 'package/index.js'), 'export default 1;\n');
        await run('tar', ['-czf', 'a tarball', 'package'], { cwd: work });
      },
      'a container image manifest': async () => {
        const layer = {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          size: 1,
          digest: `sha256:${'0'.repeat(64)}`,
        };
        const config = {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          size: 2,
          digest: `sha256:${'1'.repeat(64)}`,
        };
        const manifest = {
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          config,
          layers: [layer],
        };
        await writeFile(join(work, 'a container image manifest'), JSON.stringify(manifest));
      },
      'an executable': () => copyFile(process.execPath, join(work, 'an executable')),
    };
    test.each(Object.keys(made))('%s', async (name) => {
      await made[name]?.();
      const signed = await bin(['sign', name, '--identity-token', token]);
      expect(signed.stdout).toContain(`${name} signed`);
      const verified = await bin(['verify', name, ...identity]);
      expect(verified.stdout).toMatch(
        /^✓ .* verified\n {2}signed by {2}you@example\.org\n {2}issuer {5}http:\/\/localhost:\d+\n {2}time /,
      );
      expect(verified.stdout).toMatch(/log {8}rekor-\w+\.tally\.localhost, index \d+, in a tree of \d+/);
      expect(verified.stdout.match(/witness-[123]-\w+\.tally\.localhost ✓ /g)?.length).toBeGreaterThanOrEqual(2);
      expect(verified.stdout).toContain('development trust, all witnesses under one owner');
      const digest = createHash('sha256')
        .update(await readFile(join(work, name)))
        .digest('hex');
      const byDigest = await tally('verify', `sha256:${digest}`, '--bundle', `${name}.sigstore.json`, ...identity);
      expect(byDigest.exit).toBe(0);
    });
  });

  test('an attestation is verified for the file that it is about, and for no other', async () => {
    await writeFile(join(work, 'built'), 'binary');
    await writeFile(join(work, 'other'), 'another');
    await writeFile(join(work, 'provenance.json'), '{"builder":{"id":"https://builder.example"}}');
    const attest = ['attest', 'built', '--predicate', 'provenance.json', '--type', 'https://slsa.dev/provenance/v1'];
    expect((await tally(...attest, '--identity-token', token)).exit).toBe(0);
    expect((await tally('verify', 'built', ...identity)).exit).toBe(0);
    expect((await tally('verify', 'other', '--bundle', 'built.sigstore.json', ...identity)).exit).toBe(1);
  });

  describe('with one byte changed in', () => {
    interface Json {
      messageSignature: { signature: string };
      verificationMaterial: {
        certificate: { rawBytes: string };
        timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: string }[] };
        tlogEntries: {
          canonicalizedBody: string;
          inclusionProof: { hashes: string[]; rootHash: string; checkpoint: { envelope: string } };
        }[];
      };
    }
    let bundle: string;

    beforeAll(async () => {
      // A tree with more than one entry, so that there is a proof to change.
      for (const name of ['neighbour', 'target']) {
        await writeFile(join(work, name), name);
        expect((await tally('sign', name, '--identity-token', token)).exit).toBe(0);
      }
      bundle = await readFile(join(work, 'target.sigstore.json'), 'utf8');
    });

    const change = (base64: string, at: number): string => {
      const bytes = Buffer.from(base64, 'base64');
      bytes[at < 0 ? bytes.length + at : at]! ^= 1;
      return bytes.toString('base64');
    };
    const entryOf = (json: Json): Json['verificationMaterial']['tlogEntries'][0] =>
      json.verificationMaterial.tlogEntries[0]!;
    /** Where the signature bytes of the embedded SCT are in the certificate. */
    const sctOffset = (certificate: Buffer): number =>
      certificate.indexOf(parseSctList(parseCertificate(certificate))[0]!.signature) + 20;

    const changes: [what: string, check: string, change: (json: Json) => void][] = [
      [
        'the signature',
        'timestamp',
        (json) => (json.messageSignature.signature = change(json.messageSignature.signature, -1)),
      ],
      [
        'the certificate',
        'certificate-chain',
        ({ verificationMaterial: { certificate } }) => (certificate.rawBytes = change(certificate.rawBytes, -1)),
      ],
      [
        'its SCT',
        'certificate-chain',
        ({ verificationMaterial: { certificate } }) =>
          (certificate.rawBytes = change(certificate.rawBytes, sctOffset(Buffer.from(certificate.rawBytes, 'base64')))),
      ],
      [
        'the timestamp',
        'timestamp',
        ({ verificationMaterial: { timestampVerificationData } }) => {
          const [timestamp] = timestampVerificationData.rfc3161Timestamps;
          timestamp!.signedTimestamp = change(timestamp!.signedTimestamp, -1);
        },
      ],
      [
        'the inclusion proof',
        'inclusion-proof',
        (json) => {
          const { hashes } = entryOf(json).inclusionProof;
          hashes[0] = change(hashes[0]!, 0);
        },
      ],
      [
        'the canonical body',
        'canonical-body',
        (json) => {
          const body = Buffer.from(entryOf(json).canonicalizedBody, 'base64').toString();
          entryOf(json).canonicalizedBody = Buffer.from(
            body.replace(/"digest":"./, (found) => `${found.slice(0, -1)}${found.endsWith('A') ? 'B' : 'A'}`),
          ).toString('base64');
        },
      ],
      [
        'the checkpoint',
        'checkpoint',
        (json) => {
          const { checkpoint } = entryOf(json).inclusionProof;
          checkpoint.envelope = checkpoint.envelope.replace(
            /^— (rekor\S+) (\S+)$/m,
            (_, name: string, signature: string) => `— ${name} ${change(signature, -1)}`,
          );
        },
      ],
    ];
    test.each(changes)('%s: exit 1, by the check %s', async (_what, check, apply) => {
      const json = JSON.parse(bundle) as Json;
      apply(json);
      await writeFile(join(work, 'changed.json'), JSON.stringify(json));
      const { exit, stdout } = await tally('verify', 'target', '--bundle', 'changed.json', ...identity);
      expect(exit).toBe(1);
      expect(stdout).toContain(`check   ${check}\n`);
    });

    test('the file: exit 1, by the check artifact-digest', async () => {
      await writeFile(join(work, 'tarnet'), 'tarnet');
      const { exit, stdout } = await tally('verify', 'tarnet', '--bundle', 'target.sigstore.json', ...identity);
      expect(exit).toBe(1);
      expect(stdout).toContain('check   artifact-digest\n');
    });

    test("a witness's cosignature: that witness is named no more, and the others are", async () => {
      const json = JSON.parse(bundle) as Json;
      const { checkpoint } = entryOf(json).inclusionProof;
      const [, victim = ''] = /^— (witness-\S+) /m.exec(checkpoint.envelope) ?? [];
      const line = new RegExp(`^— ${victim} (\\S+)$`, 'm');
      checkpoint.envelope = checkpoint.envelope.replace(
        line,
        (_, signature: string) => `— ${victim} ${change(signature, -1)}`,
      );
      await writeFile(join(work, 'changed.json'), JSON.stringify(json));
      const before = await tally('verify', 'target', ...identity);
      const after = await tally('verify', 'target', '--bundle', 'changed.json', ...identity);
      expect([before.exit, after.exit]).toEqual([0, 0]);
      expect(before.stdout).toContain(`${victim} ✓`);
      expect(after.stdout).toContain(`${victim} ✗ its cosignature does not verify`);
      const witnesses = (stdout: string): number => stdout.match(/ ✓ 20/g)?.length ?? 0;
      expect(witnesses(after.stdout)).toBe(witnesses(before.stdout) - 1);
    });
  });

  test('an identity that was not asked for is refused, and the flags that would accept it are shown', async () => {
    const none = await tally('verify', 'target');
    expect(none.exit).toBe(1);
    expect(none.stderr).toContain(`--certificate-identity ${EMAIL}`);
    const wrong = await tally(
      'verify',
      'target',
      '--certificate-identity',
      'eve@example.org',
      '--certificate-oidc-issuer',
      stack.urls.issuer,
    );
    expect(wrong.exit).toBe(1);
    expect(wrong.stdout).toContain('check   identity\n');
  });

  test('the log shows the entry, and proves it', async () => {
    const entry = await tally('log', 'entry', '0', '--json');
    expect(JSON.parse(entry.stdout)).toMatchObject({ schema: 'tally/log-entry/v1', index: 0 });
    const proof = await tally('log', 'prove', '0');
    expect(proof.stdout).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 0\n/);
    expect((await tally('log', 'consistency', '1', '3')).exit).toBe(0);
  });

  (canUnshare() ? test : test.skip)(
    'verification works with the stack stopped, in a process that has no network at all',
    async () => {
      await stack.kill('SIGTERM');
      stopped = true;
      const { stdout } = await bin(['verify', 'target', '--offline', ...identity], ['unshare', '-n']);
      expect(stdout).toContain('✓ target verified');
    },
  );
});
