import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyEvidence, weighEvidence } from '#libs/evidence';
import { parseVerifierKey } from '#libs/note';

const MAIN = resolve('dist/test/demo/main.js');
/** It takes ten seconds, on a machine that does nothing else: seven processes start. */
const PLAY_LIMIT_MS = 600_000;

interface Played {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built demo (`npm run build`), in a process of its own. */
async function play(cwd: string, temporary: string): Promise<Played> {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN], {
    cwd,
    env: { PATH: process.env.PATH, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PLAY_LIMIT_MS,
  });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (printed[name] += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...printed };
}

function javascript(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(folder, name));
}

describe('the demo of the split view', () => {
  let temporary: string;
  let played: Played;
  beforeAll(async () => {
    temporary = mkdtempSync(join(tmpdir(), 'tally-demo-test-'));
    played = await play(process.cwd(), temporary);
  }, PLAY_LIMIT_MS);
  afterAll(() => rmSync(temporary, { recursive: true }));

  test('ends well, having told the whole story in its order', () => {
    expect([played.code, played.stderr]).toEqual([0, '']);
    const told = [...played.stdout.matchAll(/^(\d)\. (.+)$/gm)].map(([, number, name]) => `${number} ${name}`);
    expect(told).toEqual([
      '1 Who is here',
      '2 The lie',
      '3 The witnesses notice',
      '4 The log is cut off',
      '5 The evidence',
      '6 A more careful liar',
    ]);
    expect(played.stdout).toMatch(/ all five +404 +a key of this log has signed two histories/);
    expect(played.stdout).toMatch(/ Bob +✓ installs: a tree of 9, cosigned by Perth\n/);
  });

  test('every witness notices both lies, and the times are printed as they came', () => {
    const acts = played.stdout.split(/^ +0 ms {2}the log asks .*$/m).slice(1);
    expect(acts).toHaveLength(2);
    for (const act of acts) {
      const lines = [...act.matchAll(/^ +(\d+) ms {2}(\w+) +(?:compared|was told|read)/gm)];
      expect(lines.map(([, , city]) => city).sort()).toEqual(['Accra', 'Kyoto', 'Lima', 'Oslo', 'Perth']);
      const times = lines.map(([, ms]) => Number(ms));
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(act).toMatch(/^ +\d+ ms {2}an alarm of the monitor reaches the auditor$/m);
      expect(act).toContain(`after ${times[0]} ms, last ${lines.at(-1)![2]} after ${times.at(-1)} ms.`);
    }
  });

  test('leaves two evidence files that convict the log, and nothing else', () => {
    const [folder, ...others] = readdirSync(temporary);
    expect(others).toEqual([]);
    const files = readdirSync(join(temporary, folder!));
    const named = [...played.stdout.matchAll(/(\S+\.evidence) --key \\?\s+(\S+)|(\S+\.evidence) \\\s+--key (\S+)/g)];
    expect(named.map(([, path, , wrapped]) => path ?? wrapped).sort()).toEqual(
      files.map((file) => join(temporary, folder!, file)).sort(),
    );
    const kinds = named.map(([, path, vkey, wrappedPath, wrappedVkey]) => {
      const { evidence } = verifyEvidence(readFileSync(path ?? wrappedPath!));
      expect(weighEvidence(evidence, [parseVerifierKey(vkey ?? wrappedVkey!)])).toBe('guilty');
      return evidence.kind;
    });
    expect(kinds).toEqual(['same-size', 'different-sizes']);
  });

  test('can be read anywhere: no line is longer than 100 columns, and a pipe gets no colours', () => {
    expect(played.stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(played.stdout).not.toContain('\u001b');
  });
});

test('the demo fails, and leaves nothing behind, when its witnesses do not start', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'tally-demo-test-'));
  const { code, stderr } = await play(empty, empty);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^\nthe demo did not go as it should: Error: \w+ ended with 1/);
  expect(readdirSync(empty)).toEqual([]);
  rmSync(empty, { recursive: true });
});

test('no program has the fault in it: nothing built of apps and libs comes from the tests', () => {
  const files = ['dist/apps', 'dist/libs'].flatMap(javascript);
  expect(files.length).toBeGreaterThan(100);
  expect(existsSync('dist/test/equivocation/lying-log.js')).toBe(true);
  const guilty = files.filter((file) => /lying-?log|['"][./]*\/test\//i.test(readFileSync(file, 'utf8')));
  expect(guilty).toEqual([]);
});
