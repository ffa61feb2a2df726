import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { generateKeyPairSync, sign } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importPublicKey } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { formatSignatureLine, formatVerifierKey, KEY_TYPE, parseNote, parseVerifierKey, verifierKey } from '#libs/note';
import { cosignatureMessage, encodeCosignature } from '#libs/tlog';
import { formatBundle, parseBundle, parseTrustedRoot } from '#libs/verify';
import { vectors } from '../../../../test/vectors.js';
import { invoke, type Invocation } from '../testing/invoke.js';

// The bundle of sigstore-conformance `rekor2-checkpoint-multiple-cosigs` with its trusted root, and public-good ones.
const suite = vectors('sigstore-conformance/bundle-verify');
const SUBJECT =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';
const SIGNER = ['--certificate-identity', SUBJECT, '--certificate-oidc-issuer', ISSUER];

(suite ? describe : describe.skip)('verify', () => {
  let cwd: string;
  const env = { TALLY_TRUST_CONFIG: 'trusted_root.json' };
  const verify = (...argv: string[]): Promise<Invocation> => invoke(['verify', ...argv], { cwd, env });

  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'tally-'));
    const folder = join(suite!, 'rekor2-checkpoint-multiple-cosigs');
    copyFileSync(join(folder, 'trusted_root.json'), join(cwd, 'trusted_root.json'));
    copyFileSync(join(folder, 'bundle.sigstore.json'), join(cwd, 'a.txt.sigstore.json'));
    copyFileSync(join(suite!, 'a.txt'), join(cwd, 'a.txt'));
    copyFileSync(join(folder, 'bundle.sigstore.json'), join(cwd, 'changed.txt.sigstore.json'));
    writeFileSync(join(cwd, 'changed.txt'), 'changed');
    writeFileSync(join(cwd, 'unsigned.txt'), '');
  });
  afterAll(() => rmSync(cwd, { recursive: true }));

  test('finds the bundle beside the file, and says who, when and where', async () => {
    const { exit, stdout, stderr } = await verify('a.txt', ...SIGNER);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^✓ a\.txt verified\n/);
    expect(stdout).toContain(`signed by  ${SUBJECT}`);
    expect(stdout).toContain(`issuer     ${ISSUER}`);
    expect(stdout).toMatch(/time {7}20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC, by \S/);
    expect(stdout).toMatch(/log {8}\S+, index \d+, in a tree of \d+/);
    expect(stdout).toContain(
      'witnesses  not demanded: there is no tlog-policy beside the trust config, and no --policy\n',
    );
  });

  test('the same as JSON', async () => {
    const { exit, stdout } = await verify('a.txt', ...SIGNER, '--json');
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'tally/verify/v1',
      verified: true,
      exit: 0,
      files: [
        {
          file: 'a.txt',
          bundle: 'a.txt.sigstore.json',
          verified: true,
          identity: { subject: SUBJECT, type: 'uri', issuer: ISSUER },
          log: { origin: expect.any(String), index: expect.any(Number), treeSize: expect.any(Number) },
          times: [{ source: 'timestamp-authority' }],
          witnesses: [],
          trust: 'deployment',
        },
      ],
    });
  });

  test('a pattern that matches the whole identity is accepted', async () => {
    const pattern = ['--certificate-identity-regexp', 'https://github\\.com/sigstore-conformance/.*'];
    const { exit } = await verify('a.txt', ...pattern, '--certificate-oidc-issuer-regexp', 'https://.*');
    expect(exit).toBe(0);
  });

  test.each([
    ['no identity', []],
    ['half an identity', ['--certificate-identity', SUBJECT]],
  ])('%s fails, and shows the identity and the flags that accept it', async (_, given) => {
    const { exit, stdout, stderr } = await verify('a.txt', ...given);
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^✗ a\.txt not verified\n {2}check {3}identity-required\n/);
    const line = stderr.split('\n').find((candidate) => candidate.includes('tally verify'))!;
    expect((await invoke(line.trim().split(' ').slice(1), { cwd, env })).exit).toBe(0);
  });

  test('another identity fails, and shows the one that signed', async () => {
    const { exit, stdout, stderr } = await verify(
      'a.txt',
      '--certificate-identity',
      'x',
      '--certificate-oidc-issuer',
      ISSUER,
    );
    expect(exit).toBe(1);
    expect(stdout).toContain('check   identity\n');
    expect(stderr).toContain(SUBJECT);
  });

  test('a changed file fails for that, and no identity is offered', async () => {
    const { exit, stdout, stderr } = await verify('changed.txt');
    expect(exit).toBe(1);
    expect(stdout).toContain('check   artifact-digest\n');
    expect(stderr).toBe('');
  });

  test('no bundle is exit 3, never 0', async () => {
    const { exit, stdout } = await verify('unsigned.txt', ...SIGNER);
    expect(exit).toBe(3);
    expect(stdout).toContain('there is no bundle unsigned.txt.sigstore.json');
  });

  test('a file that is missing is exit 2', async () => {
    const { exit, stdout } = await verify('missing.txt', '--bundle', 'a.txt.sigstore.json', ...SIGNER);
    expect(exit).toBe(2);
    expect(stdout).toContain('there is no such file');
  });

  test('a file that is missing, and its bundle with it, is exit 2', async () => {
    expect(await verify('missing.txt', ...SIGNER)).toMatchObject({
      exit: 2,
      stdout: expect.stringContaining("missing.txt can't be read: there is no such file"),
    });
  });

  test('a bundle in the place of the file is told from it', async () => {
    const { exit, stderr } = await verify('a.txt.sigstore.json', ...SIGNER);
    expect([exit, stderr]).toEqual([3, '  that is a bundle itself: name the file that it is for, a.txt\n']);
  });

  test('what is no bundle is named', async () => {
    const { exit, stdout } = await verify('a.txt', '--bundle', 'changed.txt', ...SIGNER);
    expect(exit).toBe(1);
    expect(stdout).toContain('reason  changed.txt is not a bundle: ');
  });

  test('the command to accept a signer is one that its user can run', async () => {
    const { stderr } = await invoke(['verify', 'a.txt'], { cwd, env: { ...env, npm_lifecycle_event: 'npx' } });
    expect(stderr).toContain('  npx tally verify a.txt --certificate-identity ');
  });

  test('a digest stands for the file, and needs --bundle', async () => {
    const digest = 'sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf';
    expect((await verify(digest, ...SIGNER, '--bundle', 'a.txt.sigstore.json')).exit).toBe(0);
    expect((await verify(digest, ...SIGNER)).exit).toBe(3);
  });

  test('every file is judged, and one that fails outweighs one without a bundle', async () => {
    const { exit, stdout } = await verify('unsigned.txt', 'changed.txt', 'a.txt', ...SIGNER);
    expect(exit).toBe(1);
    expect(stdout.match(/^[✓✗] .*$/gm)).toEqual([
      '✗ unsigned.txt not verified',
      '✗ changed.txt not verified',
      '✓ a.txt verified',
    ]);
    expect((await verify('a.txt', 'unsigned.txt', ...SIGNER)).exit).toBe(3);
  });

  test('a bundle that is no bundle fails', async () => {
    writeFileSync(join(cwd, 'bad.json'), '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}');
    const { exit, stdout } = await verify('a.txt', '--bundle', 'bad.json', ...SIGNER);
    expect(exit).toBe(1);
    expect(stdout).toContain('check   malformed-bundle\n');
  });

  describe('witnesses', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = importPublicKey(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))).raw;
    const key = verifierKey('witness.example/ours', KEY_TYPE.cosignature, raw);

    /** The policy's line for the log that the bundle is from. */
    function logLine(): string {
      const { tlogs } = parseTrustedRoot(JSON.parse(readFileSync(join(cwd, 'trusted_root.json'), 'utf8')));
      const log = tlogs.find(({ baseUrl }) => baseUrl.includes('log2025-alpha1'))!;
      const { hostname } = new URL(log.baseUrl);
      return `log ${formatVerifierKey(verifierKey(hostname, KEY_TYPE.ed25519, log.publicKey.raw))}\n`;
    }

    /** The bundle with our cosignature under its checkpoint, a byte of it changed by `flip`. */
    function cosigned(flip: number): string {
      const bundle = parseBundle(readFileSync(join(cwd, 'a.txt.sigstore.json')));
      const [entry] = bundle.tlogEntries;
      const proof = entry!.inclusionProof!;
      const { text } = parseNote(utf8Encode(proof.checkpoint));
      const time = 1_782_000_000n;
      const signature = new Uint8Array(sign(null, cosignatureMessage(text, time), privateKey));
      signature[0]! ^= flip;
      const line = { name: key.name, keyId: key.id, signature: encodeCosignature(time, signature) };
      const checkpoint = proof.checkpoint + formatSignatureLine(line);
      return formatBundle({ ...bundle, tlogEntries: [{ ...entry!, inclusionProof: { ...proof, checkpoint } }] });
    }

    test.each([
      [
        'whose cosignature verifies is named by the policy’s name',
        0,
        0,
        /witnesses  ours ✓ 2026-06-21 00:00:00 UTC\n  quorum     met: ours, by the policy policy\n/,
      ],
      [
        'whose cosignature was changed counts as absent: exit 7',
        1,
        7,
        /check   quorum\n  reason  the witness quorum is not met: .* at size \d+: the policy asks for ours: ours ✗ its cosignature does not verify\n  policy  policy\n/,
      ],
    ])('one %s', async (_, flip, expected, text) => {
      writeFileSync(join(cwd, 'policy'), `${logLine()}witness ours ${formatVerifierKey(key)}\nquorum ours\n`);
      writeFileSync(join(cwd, 'cosigned.json'), cosigned(flip));
      const given = ['--policy', 'policy', '--bundle', 'cosigned.json'];
      const { exit, stdout, stderr } = await verify('a.txt', ...SIGNER, ...given);
      expect([exit, stdout]).toEqual([expected, expect.stringMatching(text)]);
      if (flip) expect(stderr).toContain('  tally bundle upgrade cosigned.json\n');
      const json = JSON.parse((await verify('a.txt', ...SIGNER, ...given, '--json')).stdout) as { files: object[] };
      expect(json.files[0]).toMatchObject({
        verified: !flip,
        policy: {
          source: 'policy',
          demand: 'ours',
          quorum: flip ? 'not met' : 'met',
          witnesses: [{ name: 'ours', keyName: 'witness.example/ours', state: flip ? 'invalid' : 'cosigned' }],
        },
        ...(flip ? {} : { witnesses: [{ name: 'ours', time: '2026-06-21T00:00:00.000Z' }] }),
      });
    });

    test('are demanded by the policy beside the trust config, and not with --no-policy, which is said', async () => {
      writeFileSync(join(cwd, 'tlog-policy'), `${logLine()}witness ours ${formatVerifierKey(key)}\nquorum ours\n`);
      try {
        expect(await verify('a.txt', ...SIGNER)).toMatchObject({ exit: 7 });
        const off = await verify('a.txt', ...SIGNER, '--no-policy');
        expect(off).toMatchObject({
          exit: 0,
          stdout: expect.stringContaining('witnesses  not demanded: --no-policy switches the witness quorum off\n'),
        });
      } finally {
        rmSync(join(cwd, 'tlog-policy'));
      }
    });

    test('come last: a changed file, and another signer, are exit 1 without them', async () => {
      writeFileSync(join(cwd, 'policy'), `${logLine()}witness ours ${formatVerifierKey(key)}\nquorum ours\n`);
      const given = ['--policy', 'policy'];
      expect(await verify('a.txt', ...SIGNER, ...given)).toMatchObject({ exit: 7 });
      expect(await verify('changed.txt', ...SIGNER, ...given)).toMatchObject({
        exit: 1,
        stdout: expect.stringContaining('check   artifact-digest\n'),
      });
      const other = await verify('a.txt', '--certificate-identity', 'x', '--certificate-oidc-issuer', ISSUER, ...given);
      expect(other).toMatchObject({ exit: 1, stdout: expect.stringContaining('check   identity\n') });
      expect(await verify('a.txt', 'changed.txt', ...SIGNER, ...given)).toMatchObject({ exit: 1 });
      expect(await verify('a.txt', 'unsigned.txt', ...SIGNER, ...given)).toMatchObject({ exit: 7 });
    });

    test('a policy about other logs is not met by this one', async () => {
      const line = logLine().replace(/^log /, '');
      const { publicKey } = parseVerifierKey(line.trim());
      const other = formatVerifierKey(verifierKey('other.example', KEY_TYPE.ed25519, publicKey));
      writeFileSync(join(cwd, 'policy'), `log ${other}\nquorum none\n`);
      const { exit, stdout, stderr } = await verify('a.txt', ...SIGNER, '--policy', 'policy');
      expect([exit, stdout]).toEqual([7, expect.stringContaining('the policy does not name this log')]);
      expect(stderr).toContain('--policy names another');
    });

    test('a policy that names no log speaks of every log', async () => {
      writeFileSync(join(cwd, 'policy'), 'quorum none\n');
      const { exit, stdout } = await verify('a.txt', ...SIGNER, '--policy', 'policy');
      expect(exit).toBe(0);
      expect(stdout).toContain('quorum     met: none, by the policy policy');
    });

    test('a policy that is malformed is exit 4', async () => {
      writeFileSync(join(cwd, 'bad-policy'), 'quorum nobody\n');
      const { exit, stderr } = await verify('a.txt', ...SIGNER, '--policy', 'bad-policy');
      expect(exit).toBe(4);
      expect(stderr).toContain('bad-policy is not a tlog-policy');
    });

    test('a policy without a name is exit 2, and one that leads nowhere is exit 4: neither demands nothing', async () => {
      expect(await verify('a.txt', ...SIGNER, '--policy', '')).toMatchObject({ exit: 2 });
      symlinkSync('nowhere', join(cwd, 'tlog-policy'));
      try {
        expect(await verify('a.txt', ...SIGNER)).toMatchObject({ exit: 4 });
      } finally {
        rmSync(join(cwd, 'tlog-policy'));
      }
    });

    test('are not looked for with --no-policy', async () => {
      writeFileSync(join(cwd, 'tlog-policy'), `${logLine()}quorum none\n`);
      try {
        expect((await verify('a.txt', ...SIGNER)).stdout).toMatch(/quorum {5}met/);
        expect((await verify('a.txt', ...SIGNER, '--no-policy')).stdout).toContain('not demanded');
      } finally {
        rmSync(join(cwd, 'tlog-policy'));
      }
    });

    test('a policy that was named must be there', async () => {
      expect((await verify('a.txt', ...SIGNER, '--policy', 'missing')).exit).toBe(4);
      const { exit } = await invoke(['verify', 'a.txt', ...SIGNER], { cwd, env: { ...env, TALLY_POLICY: 'missing' } });
      expect(exit).toBe(4);
    });
  });

  test('--offline does not fetch a trust config', async () => {
    const { exit, stderr } = await verify(
      'a.txt',
      ...SIGNER,
      '--offline',
      '--trust-config',
      'http://127.0.0.1:9/trust.json',
    );
    expect(exit).toBe(4);
    expect(stderr).toContain('--offline, and the trust config is at');
  });
});
