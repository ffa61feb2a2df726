import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { importPublicKey } from '#crypto';
import { ed25519Spki } from '#libs/crypto';
import { EVIDENCE_MAX_BYTES, formatEvidence, type Evidence } from '#libs/evidence';
import { formatVerifierKey, fullKeyId, verifierKey, type VerifierKey } from '#libs/note';
import { formatPolicy } from '#libs/tlog';
import { formatTrustedRoot, type TransparencyLog } from '#libs/verify';
import { brokenPromise, forkEvidence, headOf, history } from '../../../../test/contradictions.js';
import { cosigner, ed25519Signer, rfc6962Signer } from '../../../../test/note-signers.js';
import { invoke, type Invocation } from '../testing/invoke.js';

const ORIGIN = 'log.example';
const log = ed25519Signer(ORIGIN);
const witness = cosigner('witness.example/w', 1_790_000_000n);
const ct = rfc6962Signer('ct.example', 1_790_000_000_000n);
const FORK = { older: 6, newer: 13, forkAt: 3 };

let cwd: string;
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tally-evidence-'));
  write('log.evidence', await forkEvidence(ORIGIN, log, FORK));
  write('witness.evidence', await forkEvidence(ORIGIN, witness, { ...FORK, older: 13 }));
  write('ct.evidence', await brokenPromise(ct));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function write(name: string, evidence: Evidence): void {
  writeFileSync(join(cwd, name), formatEvidence(evidence));
}

/** A trust config of these logs, and the policy beside it. */
function trust(logs: readonly VerifierKey[], ctLogs: readonly VerifierKey[], witnesses: readonly VerifierKey[]): void {
  const instance = (key: VerifierKey, spki: Uint8Array): TransparencyLog => ({
    baseUrl: `https://${key.name}`,
    logId: fullKeyId(key.name, key.type, key.publicKey),
    publicKey: importPublicKey(spki),
    validFor: { start: new Date('2026-01-01T00:00:00Z') },
  });
  const root = {
    tlogs: logs.map((key) => instance(key, ed25519Spki(key.publicKey))),
    ctlogs: ctLogs.map((key) => instance(key, key.publicKey)),
    certificateAuthorities: [],
    timestampAuthorities: [],
  };
  writeFileSync(join(cwd, 'trust.json'), JSON.stringify(formatTrustedRoot(root)));
  const named = witnesses.map((key, i) => ({ name: `w${i}`, key }));
  writeFileSync(join(cwd, 'tlog-policy'), formatPolicy({ logs: [], witnesses: named, groups: [], quorum: 'none' }));
}

const evidence = (...argv: string[]): Promise<Invocation> => invoke(['evidence', ...argv], { cwd });
const report = async (...argv: string[]): Promise<unknown> =>
  JSON.parse((await evidence(...argv, '--json')).stdout) as unknown;

describe('evidence verify', () => {
  test.each([
    ['log.evidence', log.key],
    ['witness.evidence', witness.key],
    ['ct.evidence', ct.key],
  ])('of %s holds against the key that is named, with no trust at all', async (file, key) => {
    const { exit, stdout, stderr } = await evidence('verify', file, '--key', formatVerifierKey(key));
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^✓ .*: it holds: the key /);
    expect(stdout).toContain(`accused     ${formatVerifierKey(key)}\n`);
    expect(stdout).toMatch(/trusted by +--key\n/);
  });

  test.each([
    ['log.evidence', 'trust.json'],
    ['ct.evidence', 'trust.json'],
    ['witness.evidence', 'tlog-policy'],
  ])('of %s finds the accused key in the %s', async (file, name) => {
    trust([log.key], [ct.key], [witness.key]);
    const { exit, stdout } = await evidence('verify', file, '--trust-config', 'trust.json');
    expect(exit).toBe(0);
    expect(stdout).toMatch(new RegExp(`trusted by +${name}\n`));
  });

  test('finds the accused key in a tlog-policy that is named, with no trust config', async () => {
    trust([log.key], [ct.key], [witness.key]);
    expect((await evidence('verify', 'witness.evidence')).exit).toBe(4);
    const { exit, stdout } = await evidence('verify', 'witness.evidence', '--policy', 'tlog-policy');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/trusted by +tlog-policy\n/);
  });

  test('says so when nobody trusts the accused key', async () => {
    const { exit, stdout } = await evidence('verify', 'log.evidence');
    expect(exit).toBe(4);
    expect(stdout).toMatch(/^! log.evidence: it holds, but nobody here trusts the accused key: /);
    expect(stdout).toMatch(/looked in +nothing: there is no trust config here, no --policy and no --key\n/);

    trust([ed25519Signer('other.example').key], [ct.key], [witness.key]);
    const looked = await evidence('verify', 'log.evidence', '--trust-config', 'trust.json');
    expect(looked.exit).toBe(4);
    expect(looked.stdout).toMatch(/looked in +trust.json\n +tlog-policy\n/);
    expect(looked.stdout).not.toContain('note');
  });

  test('a stranger’s key under a known name is a stranger’s', async () => {
    const known = ed25519Signer(ORIGIN).key;
    const { exit, stdout } = await evidence('verify', 'log.evidence', '--key', formatVerifierKey(known));
    expect(exit).toBe(4);
    expect(stdout).toMatch(/note +another key is trusted under the name log.example: /);
  });

  test('a known key under a strange name is pointed out', async () => {
    const renamed = verifierKey('other.example/w', witness.key.type, witness.key.publicKey);
    const { exit, stdout } = await evidence('verify', 'witness.evidence', '--key', formatVerifierKey(renamed));
    expect(exit).toBe(4);
    expect(stdout).toMatch(/note +the same key is trusted as other.example\/w\+/);
  });

  test('one of several keys is enough', async () => {
    const keys = [ed25519Signer('other.example').key, log.key].map(formatVerifierKey);
    expect((await evidence('verify', 'log.evidence', '--key', ...keys)).exit).toBe(0);
    expect((await evidence('verify', 'log.evidence', ...keys.flatMap((key) => ['--key', key]))).exit).toBe(0);
  });

  test('does not hold when the trees do not contradict each other', async () => {
    const [a, b] = [
      await headOf(ORIGIN, history(8), log),
      await headOf(ORIGIN, history(8), log, { extensions: ['x'] }),
    ];
    const notes = [a.note, b.note].toSorted(Buffer.compare) as [Uint8Array, Uint8Array];
    write('none', { kind: 'same-size', accused: log.key, origin: ORIGIN, notes });
    const { exit, stdout, stderr } = await evidence('verify', 'none', '--key', formatVerifierKey(log.key));
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      '✗ none: this proves nothing against anybody: evidence: both notes are of one tree at size 8\n',
    );
    expect(await report('verify', 'none')).toMatchObject({ error: { code: 'same-tree' }, exit: 1 });
    const shown = await evidence('show', 'none');
    expect(shown.exit).toBe(1);
    expect(shown.stdout).toMatch(/^✗ none: it does NOT hold, and proves nothing against anybody\n/);
  });

  test.each([
    ['text', 'hello\n'],
    ['nothing', ''],
    ['too much', 'x'.repeat(EVIDENCE_MAX_BYTES + 100)],
  ])('a file of %s is no evidence', async (_, text) => {
    writeFileSync(join(cwd, 'file'), text);
    expect((await evidence('verify', 'file')).exit).toBe(1);
    expect((await evidence('show', 'file')).exit).toBe(1);
  });

  test('a file that is not there, and a key that is none, are mistakes in the usage', async () => {
    expect((await evidence('verify', 'nowhere')).exit).toBe(2);
    expect((await evidence('verify', 'log.evidence', '--key', 'x')).exit).toBe(2);
    expect((await evidence('verify')).exit).toBe(2);
  });

  test('opens no socket for a trust config that is elsewhere', async () => {
    const url = 'http://127.0.0.1:1/trust.json';
    const { exit, stderr } = await evidence('verify', 'log.evidence', '--trust-config', url);
    expect(exit).toBe(4);
    expect(stderr).toMatch(/^✗ evidence is verified offline, and the trust config is at /);
    const key = formatVerifierKey(log.key);
    expect((await evidence('verify', 'log.evidence', '--trust-config', url, '--key', key)).exit).toBe(0);
  });

  test('as JSON', async () => {
    expect(await report('verify', 'log.evidence', '--key', formatVerifierKey(log.key))).toMatchObject({
      schema: 'tally/evidence-verify/v1',
      ok: true,
      holds: true,
      verdict: 'guilty',
      kind: 'different-sizes',
      accused: { role: 'log', name: ORIGIN, verifierKey: formatVerifierKey(log.key) },
      origin: ORIGIN,
      trees: [{ size: 6 }, { size: 13 }],
      trustedBy: '--key',
      exit: 0,
    });
    expect(await report('verify', 'log.evidence')).toMatchObject({
      ok: false,
      holds: true,
      verdict: 'unknown-key',
      exit: 4,
    });
  });
});

describe('evidence show', () => {
  test('puts the two trees side by side, and says that nobody’s trust was looked at', async () => {
    const { exit, stdout } = await evidence('show', 'witness.evidence');
    expect(exit).toBe(0);
    expect(stdout).toMatch(
      /accused +this key and nobody else; it goes by the name of the witness witness.example\/w\n/,
    );
    expect(stdout).toMatch(/log +log.example\n/);
    expect(stdout).toMatch(
      /\n {2}size +13 +13\n {2}root +[0-9a-f]{32} {2}[0-9a-f]{32}\n +[0-9a-f]{32} {2}[0-9a-f]{32}\n/,
    );
    expect(stdout).toMatch(/\n {2}signed +2026-09-21 14:13:20 UTC +2026-09-21 14:13:20 UTC\n/);
    expect(stdout).toMatch(/trust +not looked at: /);
  });

  test('shows the root that the larger tree has at the smaller size', async () => {
    expect((await evidence('show', 'log.evidence')).stdout).toMatch(/\n {2}root at 6 +[0-9a-f]{32} {2}[0-9a-f]{32}\n/);
  });

  test('shows the leaf that was promised beside the one that is there', async () => {
    const { stdout } = await evidence('show', 'ct.evidence');
    expect(stdout).toMatch(/\n {2}index +5 +5\n {2}leaf hash +[0-9a-f]{32} {2}[0-9a-f]{32}\n/);
    expect(await report('show', 'ct.evidence')).toMatchObject({
      schema: 'tally/evidence-show/v1',
      trustChecked: false,
      kind: 'leaf-index',
      index: 5,
      exit: 0,
    });
  });
});
