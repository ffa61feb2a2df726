import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { verifyEvidence } from '#libs/evidence';
import { formatVerifierKey } from '#libs/note';
import { originHash } from '#libs/tlog';
import { invoke, type Invocation } from '../apps/cli/src/testing/invoke.js';
import { startLyingLog, type LyingLog } from './equivocation/lying-log.js';
import { localServer } from './local-server.js';
import { startNetwork, type Network } from './network.js';
import { cosigner } from './note-signers.js';

const EMAIL = 'you@example.org';

interface Json {
  verificationMaterial: {
    tlogEntries: { inclusionProof: { treeSize: string; checkpoint: { envelope: string } } }[];
  };
}

/** What somebody can find out who trusts a log no further than he can see. */
describe('an auditor', () => {
  let network: Network;
  let work: string;
  let identity: string[];

  beforeAll(async () => {
    network = await startNetwork();
    work = await mkdtemp(join(tmpdir(), 'tally-auditor-'));
    identity = ['--certificate-identity', EMAIL, '--certificate-oidc-issuer', network.urls.issuer];
    await sign('old');
  });
  afterAll(async () => {
    await network.stop();
    await rm(work, { recursive: true });
  });

  const tally = (...argv: string[]): Promise<Invocation> =>
    invoke(argv, { env: { TALLY_HOME: network.home }, cwd: work });
  const policy = (): Promise<string> => readFile(network.paths.policy, 'utf8');
  const read = (name: string): Promise<string> => readFile(join(work, name), 'utf8');
  const write = (name: string, text: string): Promise<void> => writeFile(join(work, name), text);
  const evidenceFiles = async (): Promise<string[]> =>
    (await readdir(work)).filter((name) => name.endsWith('.evidence'));

  async function sign(...names: string[]): Promise<void> {
    for (const name of names) await write(name, name);
    expect(await tally('sign', ...names, '--identity-token', await network.token(EMAIL))).toMatchObject({ exit: 0 });
  }

  const proofOf = (bundle: string): Json['verificationMaterial']['tlogEntries'][0]['inclusionProof'] =>
    (JSON.parse(bundle) as Json).verificationMaterial.tlogEntries[0]!.inclusionProof;
  /** Without what stands in the inclusion proof. */
  const restOf = (bundle: string): string => {
    const json = JSON.parse(bundle) as Json;
    delete (json.verificationMaterial.tlogEntries[0] as Partial<Json['verificationMaterial']['tlogEntries'][0]>)
      .inclusionProof;
    return JSON.stringify(json);
  };
  /** A bundle as a log without witnesses would have given it. */
  const withoutCosignatures = (bundle: string): string => {
    const json = JSON.parse(bundle) as Json;
    const { checkpoint } = json.verificationMaterial.tlogEntries[0]!.inclusionProof;
    checkpoint.envelope = checkpoint.envelope.replaceAll(/^— witness-.*\n/gm, '');
    return JSON.stringify(json);
  };

  describe('upgrades a bundle', () => {
    test('without cosignatures, and with that it verifies: the same tree, nothing else changed', async () => {
      const bundle = withoutCosignatures(await read('old.sigstore.json'));
      await write('bare', 'old');
      await write('bare.sigstore.json', bundle);
      const before = await tally('verify', 'old', '--bundle', 'bare.sigstore.json', ...identity);
      expect(before).toMatchObject({
        exit: 7,
        stderr: expect.stringContaining('tally bundle upgrade bare.sigstore.json'),
      });
      expect(before.stdout).toMatch(
        /the policy asks for 2 of 3: (witness-\d-\w+\.tally\.localhost ✗ not cosigned( · )?){3}/,
      );
      expect(await tally('verify', 'old', '--bundle', 'bare.sigstore.json', ...identity, '--no-policy')).toMatchObject({
        exit: 0,
        stdout: expect.stringContaining('--no-policy switches the witness quorum off'),
      });

      const upgraded = await tally('bundle', 'upgrade', 'bare');
      expect(upgraded).toMatchObject({ exit: 0, stdout: expect.stringMatching(/^✓ bare\.sigstore\.json upgraded\n/) });
      expect(await tally('verify', 'old', '--bundle', 'bare.sigstore.json', ...identity)).toMatchObject({ exit: 0 });
      expect(restOf(await read('bare.sigstore.json'))).toBe(restOf(bundle));
    });

    test('to the newest tree; it stays on as many lines, stock clients accept it, and again there is nothing to do', async () => {
      const pretty = JSON.stringify(JSON.parse(await read('old.sigstore.json')), null, 2);
      await write('pretty.sigstore.json', pretty);
      await sign('new-1', 'new-2', 'new-3', 'new-4');
      const json = await tally('bundle', 'upgrade', 'pretty.sigstore.json', '--output', 'newer.json', '--json');
      expect(JSON.parse(json.stdout)).toMatchObject({
        schema: 'tally/bundle-upgrade/v1',
        upgraded: true,
        output: 'newer.json',
        entries: [{ origin: network.origin, index: 0, oldSize: 1, newSize: 5, changed: true }],
        policy: { quorum: 'met' },
      });
      expect(await read('pretty.sigstore.json')).toBe(pretty);
      const newer = await read('newer.json');
      expect([proofOf(newer).treeSize, restOf(newer)]).toEqual(['5', restOf(pretty)]);
      expect(newer).toBe(JSON.stringify(JSON.parse(newer), null, 2));
      expect(await tally('verify', 'old', '--bundle', 'newer.json', ...identity)).toMatchObject({
        exit: 0,
        stdout: expect.stringContaining('index 0, in a tree of 5'),
      });

      const trustedRoot = TrustedRoot.fromJSON(JSON.parse(await readFile(network.paths.trustedRoot, 'utf8')));
      const thresholds = { ctlogThreshold: 1, tlogThreshold: 1, timestampThreshold: 1 };
      const verifier = new Verifier(toTrustMaterial(trustedRoot), thresholds);
      const entity = toSignedEntity(bundleFromJSON(JSON.parse(newer)), Buffer.from('old'));
      expect(() => verifier.verify(entity)).not.toThrow();

      const again = await tally('bundle', 'upgrade', 'newer.json');
      expect([again.exit, again.stdout]).toEqual([0, expect.stringContaining('has the newest checkpoint already')]);
      expect(await read('newer.json')).toBe(newer);
    });

    test.each([
      ['the quorum of the policy is not to be had', 7, ['--policy', 'lonely']],
      ['nobody answers', 5, ['--log', 'http://127.0.0.1:9']],
    ])('not at all, and not a byte of it, when %s', async (_, exit, options) => {
      const ofLog = (await policy()).split('\n').find((line) => line.startsWith('log '));
      const stranger = formatVerifierKey(cosigner('stranger.example', 0n).key);
      await write('lonely', `${ofLog}\nwitness stranger ${stranger}\nquorum stranger\n`);
      const bundle = withoutCosignatures(await read('old.sigstore.json'));
      await write('kept.json', bundle);
      const { exit: found } = await tally('bundle', 'upgrade', 'kept.json', ...options);
      expect([found, await read('kept.json')]).toEqual([exit, bundle]);
    });

    test('and overwrites nothing that is none', async () => {
      for (const output of ['old', '.', '/dev/null']) {
        expect(await tally('bundle', 'upgrade', 'old', '--output', output)).toMatchObject({ exit: 2 });
      }
      expect(await read('old')).toBe('old');
    });

    test('that is none: exit 3 for a file without one, exit 1 for what can’t be read', async () => {
      await write('unsigned', 'x');
      expect(await tally('bundle', 'upgrade', 'unsigned')).toMatchObject({ exit: 3 });
      await write('broken.json', '{}');
      expect(await tally('bundle', 'upgrade', 'broken.json')).toMatchObject({ exit: 1 });
    });
  });

  describe('sees that all views tally', () => {
    test('those of a log and of its witnesses', async () => {
      const urls = [network.urls.rekorLog, ...network.urls.witnesses];
      const { exit, stdout } = await tally('log', 'diff', ...urls);
      expect([exit, stdout]).toEqual([0, expect.stringContaining(`${network.origin}: all 4 views tally\n`)]);
      expect(stdout.match(/ tallies$/gm)?.length).toBeGreaterThanOrEqual(1);
      const json = JSON.parse((await tally('log', 'diff', ...urls, '--json')).stdout) as { views: object[] };
      expect(json.views[1]).toMatchObject({ address: `${network.urls.witnesses[0]}/${originHash(network.origin)}` });
    });

    test('what it verifies, and what the witnesses show to everybody; it is told what that discloses', async () => {
      const { exit, stdout, stderr } = await tally('verify', 'old', 'new-4', ...identity, '--report');
      expect(exit).toBe(0);
      expect(stderr).toContain(network.urls.witnesses[2]);
      expect(stderr.match(/somebody with your IP address verified something/g)).toHaveLength(1);
      expect(stderr).toContain(`(${network.origin}, size 5) goes to the same.`);
      const ofOld = new RegExp(`report {5}witness-1-\\S+ ✓ it shows a tree of size 5, of which this one is a prefix\n`);
      expect(stdout).toMatch(ofOld);
      expect(stdout).toMatch(/report {5}witness-1-\S+ ✓ it cosigned this very tree, size 5\n/);
    });

    test('but for a witness that is away, which is said, and no more', async () => {
      const [witness = ''] = network.urls.witnesses;
      await write('away', (await policy()).replace(witness, 'http://127.0.0.1:9'));
      const { exit, stdout } = await tally('verify', 'old', ...identity, '--policy', 'away', '--report', '--json');
      expect(exit).toBe(0);
      const { files } = JSON.parse(stdout) as { files: { report: { witnesses: { outcome: string }[] }[] }[] };
      const outcomes = files[0]!.report[0]!.witnesses.map(({ outcome }) => outcome);
      expect(outcomes).toEqual(['silent', 'tallies', 'tallies']);
    });

    test('and takes no older tree for an answer: a branch could have left it since', async () => {
      const [witness = ''] = network.urls.witnesses;
      const old = proofOf(await read('old.sigstore.json')).checkpoint.envelope;
      const behind = await localServer((request, response) => {
        if (request.method === 'POST') response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('50\n');
        else if (request.url === `/${originHash(network.origin)}/checkpoint`) response.end(old);
        else response.writeHead(404).end();
      });
      try {
        await write('behind', (await policy()).replace(witness, behind.url));
        const { exit, stdout } = await tally('verify', 'new-4', ...identity, '--policy', 'behind', '--report');
        expect([exit, stdout]).toEqual([
          0,
          expect.stringMatching(
            /report {5}witness-1-\S+ ! it knows size 50, and shows size 1 only: .*\n.*witness-2-\S+ ✓/,
          ),
        ]);
      } finally {
        await behind.close();
      }
    });

    test('and who a witness is, and what it has cosigned', async () => {
      const [url = ''] = network.urls.witnesses;
      const { exit, stdout } = await tally('witness', 'status', url);
      expect(exit).toBe(0);
      expect(stdout).toMatch(/^✓ witness-1-\w+\.tally\.localhost: it runs\n/);
      expect(stdout).toMatch(/policy +witness-1-\w+\.tally\.localhost of /);
      expect(stdout).toMatch(new RegExp(`^ {2}${network.origin} +5 +\\d+ s ago$`, 'm'));
      const json = JSON.parse((await tally('witness', 'status', url, '--json')).stdout) as object;
      expect(json).toMatchObject({
        schema: 'tally/witness-status/v1',
        logs: expect.arrayContaining([expect.objectContaining({ origin: network.origin, size: 5, frozen: false })]),
        problems: [],
        exit: 0,
      });
      expect(await tally('witness', 'status', 'http://127.0.0.1:9')).toMatchObject({ exit: 5 });
      expect(await tally('witness', 'status', network.urls.tsa)).toMatchObject({ exit: 3 });
    });

    test('and that a mirror under a path is a whole log', async () => {
      const hash = originHash(network.origin);
      const mirror = await localServer((request, response) => {
        const path = request.url?.startsWith(`/mirror/${hash}/`)
          ? request.url.slice(`/mirror/${hash}`.length)
          : undefined;
        if (path === undefined) response.writeHead(404).end();
        else {
          void fetch(network.urls.rekorLog + path).then(async (answer) =>
            response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())),
          );
        }
      });
      try {
        for (const url of [`${mirror.url}/mirror/${hash}`, `${mirror.url}/mirror/`]) {
          const { exit, stdout } = await tally('log', 'fsck', url, '--json');
          expect(exit).toBe(0);
          expect(JSON.parse(stdout)).toMatchObject({ ok: true, authenticated: true, log: { origin: network.origin } });
        }
        const folder = join(work, 'mirror', hash);
        await cp(join(network.home, 'data/rekor-log/tiles'), folder, { recursive: true });
        for (const path of [folder, join(work, 'mirror')]) {
          expect(await tally('log', 'fsck', path)).toMatchObject({ exit: 0 });
        }
      } finally {
        await mirror.close();
      }
    });
  });

  /** Somebody has the key of the log, and shows one person another history. */
  describe('with a log that lies to him', () => {
    let liar: LyingLog;
    /** His trust: the right keys, and the address of the liar. */
    let env: Record<string, string>;

    beforeAll(async () => {
      const directory = join(work, 'liar');
      liar = await startLyingLog({
        directory,
        origin: network.origin,
        keyFile: join(network.home, 'keys/rekor-log.pem'),
        forkAt: 0,
        sizes: { a: 1, b: 2 },
      });
      const elsewhere = (text: string): string => text.replaceAll(network.urls.rekorLog, liar.urlB);
      await write('trust.json', elsewhere(await readFile(network.paths.trustConfig, 'utf8')));
      await write('tlog-policy', elsewhere(await policy()));
      env = { TALLY_TRUST_CONFIG: 'trust.json' };
      await write('victim', 'victim');
      const signed = await invoke(['sign', 'victim', '--identity-token', await network.token(EMAIL)], {
        env,
        cwd: work,
      });
      // Written all the same: it is logged, and there will be no other.
      expect(signed).toMatchObject({ exit: 7, stderr: expect.stringContaining('bundle upgrade victim.sigstore.json') });
    });
    afterAll(() => liar.close());
    afterEach(async () => {
      for (const name of await evidenceFiles()) await rm(join(work, name));
    });

    const proven = async (): Promise<void> => {
      const [file = '', ...others] = await evidenceFiles();
      expect(others).toEqual([]);
      const { accused, role } = verifyEvidence(await readFile(join(work, file)));
      expect([accused, role]).toEqual([liar.key, 'log']);
    };

    test('he is told that no witness has seen it, exit 7', async () => {
      expect(await invoke(['verify', 'victim', ...identity], { env, cwd: work })).toMatchObject({ exit: 7 });
    });

    test('and that the witnesses could not be linked with it, as long as it hides how it goes on: exit 1', async () => {
      const { exit, stdout } = await invoke(['verify', 'victim', ...identity, '--report'], { env, cwd: work });
      expect([exit, stdout]).toEqual([1, expect.stringContaining('it knows size 5, and nothing shows that')]);
      expect(await evidenceFiles()).toEqual([]);
    });

    test('the witnesses prove it once it goes on: exit 6, with evidence', async () => {
      await liar.grow('b', 9);
      const { exit, stdout } = await invoke(['verify', 'victim', ...identity, '--report'], { env, cwd: work });
      expect([exit, stdout]).toEqual([
        6,
        expect.stringContaining('its log shows others another history: that is proven'),
      ]);
      expect(stdout).toMatch(/report +witness-1-\S+ ✗ it shows another history, with size 5/);
      await proven();
    });

    test('what he gets of a tree that is larger than theirs is proven, too', async () => {
      await write('victim-2', 'victim-2');
      await invoke(['sign', 'victim-2', '--identity-token', await network.token(EMAIL)], { env, cwd: work });
      expect(await invoke(['verify', 'victim-2', ...identity, '--report'], { env, cwd: work })).toMatchObject({
        exit: 6,
      });
      await proven();
    });

    test('an upgrade is refused with proof, and the bundle stays as it is', async () => {
      const before = await read('new-2.sigstore.json');
      const { exit, stdout } = await tally('bundle', 'upgrade', 'new-2', '--log', liar.urlB);
      expect([exit, stdout]).toEqual([
        6,
        expect.stringContaining('another history now than the one that this bundle proves'),
      ]);
      expect(await read('new-2.sigstore.json')).toBe(before);
      await proven();
    });

    test('and log diff says who contradicts whom', async () => {
      const { exit, stdout } = await tally('log', 'diff', network.urls.rekorLog, liar.urlB, ...network.urls.witnesses);
      expect([exit, stdout]).toEqual([6, expect.stringContaining('they first differ at entry 0\n')]);
      await proven();
    });
  });
});
