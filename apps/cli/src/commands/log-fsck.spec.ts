import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { hashLeaf } from '#libs/merkle';
import { formatVerifierKey } from '#libs/note';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { ed25519Signer } from '../../../../test/note-signers.js';
import { invoke, type InvokeOptions, type Invocation } from '../testing/invoke.js';
import { flipByte, writeLog } from '../testing/log-files.js';

const ORIGIN = 'log.example';
const signer = ed25519Signer(ORIGIN);
const VKEY = formatVerifierKey(signer.key);
const entry = (i: number): Uint8Array => utf8Encode(`entry ${i}`);

interface Report {
  ok: boolean;
  log: { origin: string; kind: string; treeSize: number };
  authenticated: boolean;
  read: { from: number; to: number; files: number };
  difference?: { code: string; file: string; index?: number; expected: string; found: string };
  exit: number;
}

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tally-fsck-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const fsck = (...argv: string[]): Promise<Invocation> => invoke(['log', 'fsck', ...argv], { cwd });
const report = async (...argv: string[]): Promise<Report> =>
  JSON.parse((await fsck(...argv, '--json')).stdout) as Report;

describe('a folder', () => {
  beforeEach(() => writeLog(join(cwd, 'log'), signer, [600], entry));

  test('that holds a whole log is fine', async () => {
    const { exit, stdout, stderr } = await fsck('log', '--key', VKEY);
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^✓ log.example: all that it serves leads to its checkpoint\n/);
    expect(stdout).toMatch(/signature +verified by the key of log.example\n/);
    expect(stdout).toMatch(/read +entries 0 to 600, 7 files, /);
    expect(await report('log', '--key', VKEY)).toMatchObject({
      schema: 'tally/log-fsck/v1',
      ok: true,
      log: { origin: ORIGIN, kind: 'rekor', treeSize: 600 },
      authenticated: true,
      read: { from: 0, to: 600, files: 7 },
      exit: 0,
    });
  });

  test('is said to be unauthenticated when there is nobody to trust', async () => {
    const { exit, stdout } = await fsck('log');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^! log.example: .*, and nobody vouches for that one\n/);
    expect(stdout).toMatch(/signature +not verified: there is no trust config, no --policy and no --key\n/);
    expect((await report('log')).authenticated).toBe(false);
  });

  test('of another key is not verified', async () => {
    const stranger = formatVerifierKey(ed25519Signer('other.example').key);
    const { exit, stdout, stderr } = await fsck('log', '--key', stranger);
    expect([exit, stdout]).toEqual([1, '']);
    expect(stderr).toContain('is not signed by the key of other.example');
  });

  test.each([
    ['tile/entries/001', 11 * 9 + 5, 'entry-differs', 265],
    ['tile/entries/002.p/88', 5, 'entry-differs', 512],
    ['tile/0/001', 32, 'hash-differs', 257],
    ['tile/0/002.p/88', 32 * 87, 'hash-differs', 599],
    ['tile/1/000.p/2', 32, 'hash-differs', 1],
  ])('with a flipped bit in %s is refused', async (file, at, code, index) => {
    flipByte(join(cwd, 'log', file), at);
    const found = await report('log', '--key', VKEY);
    expect(found).toMatchObject({ ok: false, difference: { code, file, index }, exit: 1 });
    const { exit, stdout } = await fsck('log', '--key', VKEY);
    expect(exit).toBe(1);
    expect(stdout).toMatch(new RegExp(`^✗ log.example: ${file} is wrong\n`));
    expect(stdout).toContain(found.difference!.expected);
    if (code === 'entry-differs') expect(found.difference!.expected).toBe(toHex(hashLeaf(entry(index))));
  });

  test('with a flipped bit in its checkpoint is refused, whether or not anybody vouches for it', async () => {
    const root = readFileSync(join(cwd, 'log/checkpoint'), 'utf8').split('\n')[2]!;
    const at = `${ORIGIN}\n600\n`.length + 3;
    flipByte(join(cwd, 'log/checkpoint'), at);
    expect(root).not.toBe(readFileSync(join(cwd, 'log/checkpoint'), 'utf8').split('\n')[2]!);
    expect((await fsck('log', '--key', VKEY)).stderr).toContain('does not verify');
    const { ok, difference, exit } = await report('log');
    expect([ok, difference?.code, difference?.file, exit]).toEqual([false, 'root-differs', 'checkpoint', 1]);
  });

  test.each(['tile/entries/001', 'tile/entries/002.p/88', 'tile/0/000', 'tile/0/002.p/88', 'tile/1/000.p/2'])(
    'without %s is refused',
    async (file) => {
      rmSync(join(cwd, 'log', file));
      const { difference, exit } = await report('log', '--key', VKEY);
      expect([difference?.code, difference?.file, exit]).toEqual(['missing-file', file, 1]);
    },
  );

  test('without a checkpoint is refused', async () => {
    rmSync(join(cwd, 'log/checkpoint'));
    expect(await fsck('log')).toMatchObject({ exit: 1, stderr: expect.stringContaining('log has no checkpoint') });
  });

  test.each([
    [['nowhere'], 'is neither a URL nor a folder'],
    [['log', '--kind', 'x'], 'it should be rekor or ct'],
    [['log', '--key', 'x'], 'is no verifier key'],
    [[], 'no log is named'],
    [['log', '--state', 'no/such/folder/state'], "can't be written"],
  ])('%j is a mistake: exit 2', async (argv, said) => {
    const { exit, stderr } = await fsck(...argv);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(said)]);
  });
});

describe('over HTTP', () => {
  let server: LocalServer;
  /** Looked at before each answer; true when it has answered itself. */
  let instead: (path: string) => boolean;
  let seen = 0;
  beforeEach(async () => {
    instead = () => false;
    seen = 0;
    server = await localServer((request, response) => {
      const path = request.url!.slice(1);
      if (instead(path)) {
        response.socket?.destroy();
        return;
      }
      const file = join(cwd, 'log', path);
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
  });
  afterEach(() => server.close());

  /** What it was asked for since the last time. */
  function asked(): string[] {
    const paths = server.requests.slice(seen).map(({ path }) => path);
    seen = server.requests.length;
    return paths;
  }

  test('a log is read on from where the last run ended', async () => {
    await writeLog(join(cwd, 'log'), signer, [700], entry);
    const argv = [server.url, '--key', VKEY, '--state', 'state.json'];
    expect(await report(...argv)).toMatchObject({ ok: true, read: { from: 0, to: 700, files: 7 } });
    // The checkpoint, one look at what kind of log it is, and each file once.
    expect(asked().length).toBe(1 + 1 + 7);

    expect(await report(...argv)).toMatchObject({ ok: true, read: { from: 700, to: 700, files: 0 } });
    expect(asked()).toEqual(['/checkpoint']);

    await writeLog(join(cwd, 'log'), signer, [700, 800], entry);
    expect(await report(...argv)).toMatchObject({ ok: true, read: { from: 700, to: 800, files: 5 } });
    expect(asked().toSorted()).toEqual([
      '/checkpoint',
      '/tile/0/002',
      '/tile/0/003.p/32',
      '/tile/1/000.p/3',
      '/tile/entries/002',
      '/tile/entries/003.p/32',
    ]);
  });

  test('a log whose partial tiles were replaced while it was read is fine', async () => {
    await writeLog(join(cwd, 'log'), signer, [100, 600], entry);
    const newer = readFileSync(join(cwd, 'log/checkpoint'));
    rmSync(join(cwd, 'log'), { recursive: true });
    await writeLog(join(cwd, 'log'), signer, [100], entry);
    const old = readFileSync(join(cwd, 'log/checkpoint'));
    await writeLog(join(cwd, 'log'), signer, [100, 600], entry);
    writeFileSync(join(cwd, 'log/checkpoint'), old);
    for (const gone of ['tile/entries/000.p', 'tile/0/000.p']) rmSync(join(cwd, 'log', gone), { recursive: true });
    expect(await report(server.url)).toMatchObject({ ok: true, log: { treeSize: 100 } });
    expect(newer.equals(old)).toBe(false);
  });

  test('a log that is interrupted keeps how far it came', async () => {
    await writeLog(join(cwd, 'log'), signer, [20_000], entry);
    const interrupt = new AbortController();
    instead = (path) => {
      if (path === 'tile/entries/040') interrupt.abort(new Error('interrupted'));
      return false;
    };
    const argv = ['log', 'fsck', server.url, '--key', VKEY, '--state', 'state.json'];
    const options: InvokeOptions = { cwd, signal: interrupt.signal };
    const { exit, stdout, stderr } = await invoke(argv, options);
    expect([exit, stdout]).toEqual([130, '']);
    const stopped = Number(/stopped after (\d+) of 20000 entries; run it again/.exec(stderr)![1]);
    expect(stopped).toBeGreaterThanOrEqual(30 * 256);
    expect(stopped).toBeLessThanOrEqual(40 * 256);
    instead = () => false;
    asked();
    expect(await report(server.url, '--key', VKEY, '--state', 'state.json')).toMatchObject({
      ok: true,
      read: { from: stopped, to: 20_000 },
    });
    // 20 000 entries are 79 bundles.
    expect(asked().filter((path) => path.startsWith('/tile/entries/')).length).toBe(79 - stopped / 256);
  });

  test('a log that breaks off is unavailable: exit 5, and what was read is kept', async () => {
    await writeLog(join(cwd, 'log'), signer, [5000], entry);
    instead = (path) => path === 'tile/0/010';
    const { exit, stderr } = await fsck(server.url, '--key', VKEY, '--state', 'state.json');
    expect([exit, stderr]).toEqual([5, expect.stringContaining('stopped after 2560 of 5000 entries')]);
    instead = () => false;
    expect(await report(server.url, '--key', VKEY, '--state', 'state.json')).toMatchObject({
      ok: true,
      read: { from: 2560, to: 5000 },
    });
  });

  test('nobody there: exit 5', async () => {
    const { url } = server;
    await server.close();
    expect(await fsck(url)).toMatchObject({ exit: 5, stdout: '' });
  });
});

describe('a state', () => {
  const argv = ['log', '--key', VKEY, '--state', 'state.json'];
  beforeEach(async () => {
    await writeLog(join(cwd, 'log'), signer, [700], entry);
    expect((await report(...argv)).ok).toBe(true);
  });

  test('of another log is refused', async () => {
    const other = ed25519Signer('other.example');
    await writeLog(join(cwd, 'other'), other, [10], entry);
    const { exit, stderr } = await fsck('other', '--state', 'state.json');
    expect([exit, stderr]).toEqual([
      2,
      expect.stringContaining('is the state of another log (log.example, kind rekor)'),
    ]);
    expect((await fsck(...argv, '--kind', 'ct')).exit).toBe(2);
  });

  test('that is damaged is refused', async () => {
    const text = readFileSync(join(cwd, 'state.json'), 'utf8');
    for (const damaged of [text.replace('"700"', '"699"'), text.slice(0, -10), '{}', '']) {
      writeFileSync(join(cwd, 'state.json'), damaged);
      const { exit, stderr } = await fsck(...argv);
      expect([exit, stderr]).toEqual([2, expect.stringContaining('or it is damaged')]);
    }
  });

  test('proves it when the log shows another history: exit 6, and is kept as it was', async () => {
    const before = readFileSync(join(cwd, 'state.json'), 'utf8');
    for (const [size, at] of [
      [900, 3],
      [900, 699],
      [700, 3],
    ] as const) {
      rmSync(join(cwd, 'log'), { recursive: true });
      await writeLog(join(cwd, 'log'), signer, [700, size], (i) => entry(i === at ? -1 : i));
      const { difference, exit } = await report(...argv);
      expect([difference?.code, difference?.index, exit]).toEqual(['earlier-root-differs', 700, 6]);
      expect((await fsck(...argv)).stdout).toContain('✗ log.example: the log has signed two histories\n');
      // Without its key nobody knows who did it.
      expect((await report('log', '--state', 'state.json')).exit).toBe(1);
      expect(readFileSync(join(cwd, 'state.json'), 'utf8')).toBe(before);
    }
  });

  test('finds a log that was set back', async () => {
    rmSync(join(cwd, 'log'), { recursive: true });
    await writeLog(join(cwd, 'log'), signer, [600], entry);
    const { difference, exit } = await report(...argv);
    expect([difference?.code, difference?.found, exit]).toEqual(['checkpoint-behind', 'size 600', 1]);
  });

  test('is not led astray by files that turn out wrong and are put right', async () => {
    await writeLog(join(cwd, 'log'), signer, [700, 2000], entry);
    const right = join(cwd, 'right');
    cpSync(join(cwd, 'log'), right, { recursive: true });
    // The entries and every tile of another tree, under the checkpoint of the right one.
    rmSync(join(cwd, 'log'), { recursive: true });
    await writeLog(join(cwd, 'log'), signer, [700, 2000], (i) => entry(i === 1500 ? -1 : i));
    cpSync(join(right, 'checkpoint'), join(cwd, 'log/checkpoint'));
    expect((await report(...argv)).difference).toMatchObject({ code: 'root-differs' });
    cpSync(right, join(cwd, 'log'), { recursive: true });
    expect(await report(...argv)).toMatchObject({ ok: true, read: { from: 700, to: 2000 } });
  });
});

describe('a log of more than 65 536 entries', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tally-large-'));
    await writeLog(folder, signer, [66_000], entry);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('is fine', async () => {
    expect(await report(folder, '--key', VKEY)).toMatchObject({ ok: true, read: { to: 66_000 } });
  });

  test('is refused for a flipped bit in its full tile of level 1', async () => {
    const putBack = flipByte(join(folder, 'tile/1/000'), 32 * 200);
    const { difference } = await report(folder, '--key', VKEY);
    putBack();
    expect(difference).toMatchObject({ code: 'hash-differs', file: 'tile/1/000', index: 200 });
  });
});
