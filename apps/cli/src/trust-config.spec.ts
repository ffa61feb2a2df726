import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localServer } from '../../../test/local-server.js';
import { vectors } from '../../../test/vectors.js';
import { invoke } from './testing/invoke.js';
import { isDevelopmentOrigin } from './trust-config.js';

const publicGood = vectors('public-good');

(publicGood ? describe : describe.skip)('the trust config', () => {
  let cwd: string;
  let config: string;
  const read = (name: string): unknown => JSON.parse(readFileSync(join(publicGood!, name), 'utf8'));
  const write = (path: string): void => writeFileSync(join(cwd, path), config);
  const sourceOf = async (argv: string[], env: Record<string, string>): Promise<unknown> => {
    const { stdout } = await invoke(['trust', 'show', '--json', ...argv], { cwd, env });
    return (JSON.parse(stdout) as { source: unknown }).source;
  };

  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), 'tally-'));
    config = JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json',
      trustedRoot: read('trusted_root.json'),
      signingConfig: read('signing_config_rekor_v2.v0.2.json'),
    });
    for (const folder of ['.tally', 'home']) mkdirSync(join(cwd, folder));
    ['given.json', 'env.json', 'home/trust.json'].forEach(write);
    writeFileSync(
      join(cwd, '.tally/trust.json'),
      config.replaceAll(/"baseUrl":"[^"]*"/g, '"baseUrl":"http://rekor.tally.localhost"'),
    );
  });
  afterAll(() => rmSync(cwd, { recursive: true }));

  test('is the one given, then TALLY_TRUST_CONFIG, then that of TALLY_HOME, then that of .tally', async () => {
    const env = { TALLY_TRUST_CONFIG: 'env.json', TALLY_HOME: 'home' };
    expect(await sourceOf(['--trust-config', 'given.json'], env)).toBe('given.json');
    expect(await sourceOf([], env)).toBe('env.json');
    expect(await sourceOf([], { TALLY_HOME: 'home' })).toBe('home/trust.json');
    expect(await sourceOf([], {})).toBe('.tally/trust.json');
  });

  test('may be at a URL, with the policy beside it', async () => {
    const server = await localServer((request, response) => {
      if (request.url === '/trust.json') response.end(config);
      else if (request.url === '/tlog-policy') response.end('quorum none\n');
      else response.writeHead(404).end();
    });
    try {
      const { stdout } = await invoke(['trust', 'show', '--trust-config', `${server.url}/trust.json`], { cwd });
      expect(stdout).toContain(`${server.url}/trust.json\n`);
      expect(stdout).toMatch(/policy\s+http:\/\/127.0.0.1:\d+\/tlog-policy\n/);
      const missing = await invoke(['trust', 'show', '--trust-config', `${server.url}/missing`], { cwd });
      expect(missing.exit).toBe(4);
    } finally {
      await server.close();
    }
  });

  test('that lies in the working directory is taken from a development stack only: files to verify could bring it', async () => {
    mkdirSync(join(cwd, 'unpacked/.tally'), { recursive: true });
    write('unpacked/.tally/trust.json');
    const unpacked = { cwd: join(cwd, 'unpacked') };
    const { exit, stderr } = await invoke(['trust', 'show'], unpacked);
    expect(exit).toBe(4);
    expect(stderr).toContain('.tally/trust.json is not that of a development stack');
    expect((await invoke(['trust', 'show', '--trust-config', '.tally/trust.json'], unpacked)).exit).toBe(0);
    expect((await invoke(['trust', 'show'], { ...unpacked, env: { TALLY_HOME: '.tally' } })).exit).toBe(0);
  });

  test('that is at a dead URL is exit 5', async () => {
    const server = await localServer(() => undefined);
    await server.close();
    const { exit, stderr } = await invoke(['trust', 'show', '--trust-config', `${server.url}/trust.json`], { cwd });
    expect(exit).toBe(5);
    expect(stderr).toContain('can’t be reached'.replace('’', "'"));
  });

  test.each([
    ['nothing', '', 'is not a trust config'],
    ['no JSON', '{', 'is not a trust config'],
    ['another document', '{"mediaType":"text/plain"}', 'is not a trust config'],
    ['null', 'null', 'is not a trust config'],
  ])('that holds %s is exit 4', async (_, text, message) => {
    writeFileSync(join(cwd, 'bad.json'), text);
    const { exit, stderr } = await invoke(['trust', 'show', '--trust-config', 'bad.json'], { cwd });
    expect(exit).toBe(4);
    expect(stderr).toContain(message);
  });

  describe('is exported', () => {
    test('as one part on stdout, exactly as it was written', async () => {
      const { exit, stdout } = await invoke(['trust', 'export', '--trusted-root'], {
        cwd,
        env: { TALLY_HOME: 'home' },
      });
      expect([exit, JSON.parse(stdout)]).toEqual([0, read('trusted_root.json')]);
    });

    test('as files in a folder', async () => {
      const { exit, stdout } = await invoke(['trust', 'export', '--dir', 'out'], { cwd, env: { TALLY_HOME: 'home' } });
      expect([exit, stdout]).toEqual([0, 'out/trusted_root.json\nout/signing_config.v0.2.json\n']);
      expect(JSON.parse(readFileSync(join(cwd, 'out/signing_config.v0.2.json'), 'utf8'))).toEqual(
        read('signing_config_rekor_v2.v0.2.json'),
      );
    });

    test.each([
      [['--trusted-root', '--signing-config'], 2],
      [[], 2],
      [['--policy'], 4],
    ])('with %j it exits %i', async (argv, exit) => {
      expect((await invoke(['trust', 'export', ...argv], { cwd, env: { TALLY_HOME: 'home' } })).exit).toBe(exit);
    });
  });
});

test('without any trust config, the error says how to get one', async () => {
  const { exit, stderr } = await invoke(['trust', 'show'], { cwd: tmpdir(), env: { TALLY_HOME: 'nowhere' } });
  expect(exit).toBe(4);
  expect(stderr).toContain('--trust-config');
  expect(stderr).toContain('TALLY_TRUST_CONFIG');
  expect(stderr).toContain('npm start');
});

test.each([
  ['rekor-ab12.tally.localhost', true],
  ['rekor.example.org', false],
  ['tally.localhost.evil.example', false],
])('%s is of development: %s', (origin, development) => {
  expect(isDevelopmentOrigin(origin)).toBe(development);
});
