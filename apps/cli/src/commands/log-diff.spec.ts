import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyEvidence, weighEvidence } from '#libs/evidence';
import { formatVerifierKey } from '#libs/note';
import { originHash } from '#libs/tlog';
import { startLyingLog, type LyingLog } from '../../../../test/equivocation/lying-log.js';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { ed25519Signer } from '../../../../test/note-signers.js';
import { invoke } from '../testing/invoke.js';
import { writeLog } from '../testing/log-files.js';

interface Report {
  readonly tally: boolean;
  readonly views: readonly { url: string; verdict: string; size?: number; lag?: number; error?: { code: string } }[];
  readonly pairs: readonly { relation: string; firstDifference?: number; evidence: { file: string }[] }[];
  readonly exit: number;
}

let cwd: string;
let log: LyingLog;
/** Serves what others have: `/copy/…` the files of branch a, `/bare/…` its checkpoint and no tile. */
let mirror: LocalServer;
let vkey: string;

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tally-diff-'));
  log = await startLyingLog({ directory: join(cwd, 'log'), forkAt: 17, sizes: { a: 30, b: 40 } });
  vkey = formatVerifierKey(log.key);
  mirror = await localServer((request, response) => {
    const [, place = '', path = ''] = /^\/(copy\/[0-9a-f]{64}|copy|bare|bare-b)\/(.*)$/.exec(request.url ?? '') ?? [];
    const atHash = place === `copy/${originHash(log.key.name)}`;
    const source = place === 'bare-b' ? log.urlB : log.urlA;
    if (
      place === 'copy' ||
      (place.startsWith('copy/') && !atHash) ||
      (place.startsWith('bare') && path !== 'checkpoint')
    ) {
      response.writeHead(404).end();
      return;
    }
    void fetch(`${source}/${path}`).then(async (answer) =>
      response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())),
    );
  });
});
afterAll(async () => {
  await mirror.close();
  await log.close();
  rmSync(cwd, { recursive: true });
});

async function diff(...urls: readonly string[]): Promise<{ report: Report; stdout: string; exit: number }> {
  const json = await invoke(['log', 'diff', ...urls, '--key', vkey, '--json'], { cwd });
  const { exit, stdout } = await invoke(['log', 'diff', ...urls, '--key', vkey], { cwd });
  const report = JSON.parse(json.stdout) as Report;
  expect([json.exit, report.exit]).toEqual([exit, exit]);
  return { report, stdout, exit };
}

test('a log and its mirror tally', async () => {
  const { report, stdout, exit } = await diff(log.urlA, `${mirror.url}/copy`);
  expect(exit).toBe(0);
  expect(report).toMatchObject({ schema: 'tally/log-diff/v1', tally: true, pairs: [{ relation: 'consistent' }] });
  expect(stdout).toMatch(
    /^✓ lying\.tally\.localhost: all 2 views tally\n {2}view +size +root +age +lag +witnesses +verdict\n/,
  );
});

test('the keys, and where the log is, may come from a tlog-policy alone', async () => {
  const other = formatVerifierKey(ed25519Signer('other.example').key);
  writeFileSync(join(cwd, 'policy'), `log ${vkey} ${log.urlA}\nquorum none\n`);
  writeFileSync(join(cwd, 'other'), `log ${other}\nquorum none\n`);
  const run = (...argv: string[]) => invoke(['log', ...argv], { cwd });
  for (const argv of [['diff', log.urlA, `${mirror.url}/copy`], ['info'], ['info', log.urlA], ['fsck', log.urlA]]) {
    expect({ argv, ...(await run(...argv, '--policy', 'policy')) }).toMatchObject({ argv, exit: 0, stderr: '' });
  }
  for (const argv of [
    ['diff', log.urlA, `${mirror.url}/copy`],
    ['info', log.urlA],
    ['fsck', log.urlA],
  ]) {
    expect({ argv, ...(await run(...argv, '--policy', 'other')) }).toMatchObject({ argv, exit: 4 });
  }
  expect(await run('info', '--policy', 'other')).toMatchObject({ exit: 2 });
});

test('of a mirror of several logs it is the one that is compared', async () => {
  const folder = join(cwd, 'other-log');
  const other = ed25519Signer('other.example');
  await writeLog(folder, other, [5], (i) => Buffer.from(`entry ${i}`));
  const [hash, otherHash] = [log.key.name, 'other.example'].map(originHash);
  const both = await localServer((request, response) => {
    const [, shown, path = ''] = /^\/([0-9a-f]{64})\/(.*)$/.exec(request.url ?? '') ?? [];
    if (shown === otherHash) response.end(readFileSync(join(folder, path)));
    else if (shown !== hash) response.writeHead(404).end();
    else {
      void fetch(`${log.urlA}/${path}`).then(async (answer) =>
        response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer())),
      );
    }
  });
  try {
    writeFileSync(join(cwd, 'both'), `log ${formatVerifierKey(other.key)}\nlog ${vkey}\nquorum none\n`);
    const { exit, stdout } = await invoke(['log', 'diff', log.urlA, both.url, '--policy', 'both'], { cwd });
    expect([exit, stdout]).toEqual([0, expect.stringContaining('lying.tally.localhost: all 2 views tally')]);
  } finally {
    await both.close();
  }
});

test('a view that is behind tallies, when the tiles of the larger one say so', async () => {
  const folder = join(cwd, 'short');
  const signer = ed25519Signer('short.example');
  const entry = (i: number): Uint8Array => Buffer.from(`entry ${i}`);
  await writeLog(folder, signer, [300], entry);
  const old = readFileSync(join(folder, 'checkpoint'));
  await writeLog(folder, signer, [300, 700], entry);
  const server = await localServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    try {
      response.end(path === 'old/checkpoint' ? old : readFileSync(join(folder, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  try {
    const key = formatVerifierKey(signer.key);
    const { exit, stdout } = await invoke(['log', 'diff', server.url, `${server.url}/old`, '--key', key, '--json'], {
      cwd,
    });
    expect(exit).toBe(0);
    expect((JSON.parse(stdout) as Report).views).toMatchObject([
      { size: 700, lag: 0, verdict: 'tallies' },
      { size: 300, lag: 400, verdict: 'tallies' },
    ]);
  } finally {
    await server.close();
  }
});

describe('two histories', () => {
  test('of different sizes are proven, exit 6, and where they part is told', async () => {
    const { report, stdout, exit } = await diff(log.urlA, log.urlB);
    expect(exit).toBe(6);
    expect(report.pairs).toMatchObject([{ relation: 'equivocation', firstDifference: 17 }]);
    expect(report.views.map(({ verdict }) => verdict)).toEqual(['diverges', 'diverges']);
    expect(stdout).toContain('contradict each other; they first differ at entry 17\n');
    const [file] = readdirSync(cwd).filter((name) => name.endsWith('.evidence'));
    expect(report.pairs[0]!.evidence.map((written) => written.file)).toEqual([file]); // the second run wrote no other
    const proven = verifyEvidence(readFileSync(join(cwd, file!)));
    expect(proven).toMatchObject({ role: 'log', evidence: { kind: 'different-sizes' } });
    expect(weighEvidence(proven.evidence, [log.key])).toBe('guilty');
  });

  test('are proven by a third one’s tiles where the larger view has none', async () => {
    const { report, exit } = await diff(log.urlA, `${mirror.url}/bare-b`, log.urlB);
    expect(exit).toBe(6);
    expect(report.pairs.map(({ relation }) => relation)).toEqual(['equivocation', 'equivocation', 'consistent']);
  });

  test('are proven, exit 6, where the proof can be written nowhere; and nothing in its place is touched', async () => {
    const [file = ''] = readdirSync(cwd).filter((name) => name.endsWith('.evidence'));
    const elsewhere = mkdtempSync(join(tmpdir(), 'tally-diff-'));
    try {
      mkdirSync(join(elsewhere, file)); // whoever shares the folder was here first
      const args = ['log', 'diff', log.urlA, log.urlB, '--key', vkey];
      expect(await invoke(args, { cwd: elsewhere })).toMatchObject({ exit: 6 });
      expect(readdirSync(elsewhere).sort()).toEqual([file.replace('.', '-2.'), file].sort());

      const none = join(elsewhere, 'none');
      const { exit, stdout } = await invoke(args, { cwd: none, env: { TMPDIR: none } });
      expect([exit, stdout]).toEqual([6, expect.stringContaining('not kept: ')]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  test('of which one withholds its tiles are a suspicion, exit 1', async () => {
    const { report, stdout, exit } = await diff(log.urlA, `${mirror.url}/bare-b`);
    expect(exit).toBe(1);
    expect(report.pairs).toMatchObject([{ relation: 'unlinked', unreachable: false, evidence: [] }]);
    expect(stdout).toContain('could not be linked, which proves nothing, and should not happen');
  });

  test('of one size are proven without any tile', async () => {
    await log.grow('a', 40);
    const { report, exit } = await diff(`${mirror.url}/bare`, `${mirror.url}/bare-b`);
    expect(exit).toBe(6);
    const [written] = report.pairs[0]!.evidence;
    const { evidence } = verifyEvidence(readFileSync(join(cwd, written!.file)));
    expect(evidence.kind).toBe('same-size');
    expect(report.pairs[0]).not.toHaveProperty('firstDifference');
    expect((await diff(log.urlA, log.urlB)).report.pairs[0]!.firstDifference).toBe(17);
  });
});

describe('what can’t be compared', () => {
  test('as nobody answers there is exit 5', async () => {
    const { report, stdout, exit } = await diff(log.urlA, 'http://127.0.0.1:9', `${mirror.url}/bare`);
    expect(exit).toBe(5);
    expect(report.views.map(({ verdict }) => verdict)).toEqual(['tallies', 'unreachable', 'tallies']);
    expect(stdout).toMatch(/^! lying\.tally\.localhost: 2 of 3 views could be looked at\n/);
  });

  test('as another key signed it is exit 4', async () => {
    const other = formatVerifierKey(ed25519Signer('lying.tally.localhost').key);
    const { exit, stdout } = await invoke(['log', 'diff', log.urlA, log.urlB, '--key', other], { cwd });
    expect([exit, stdout]).toEqual([
      4,
      expect.stringContaining('has no signature of the key lying.tally.localhost that'),
    ]);
  });

  test('as it is no URL is exit 2', async () => {
    writeFileSync(join(cwd, 'file'), '');
    expect(await invoke(['log', 'diff', log.urlA, 'file', '--key', vkey], { cwd })).toMatchObject({ exit: 2 });
    expect(await invoke(['log', 'diff', log.urlA], { cwd })).toMatchObject({ exit: 2 });
  });
});
