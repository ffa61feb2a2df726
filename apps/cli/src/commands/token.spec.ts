import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { invoke, type Invocation } from '../testing/invoke.js';

let cwd: string;
let server: LocalServer;
let discovery: object;

beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tally-'));
  server = await localServer((request, response) => {
    if (request.url === '/.well-known/openid-configuration') response.end(JSON.stringify(discovery));
    else if (request.method === 'POST' && request.url === '/token') response.end('{"id_token":"a.b.c"}');
    else response.writeHead(404).end();
  });
  const signingConfig = {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    oidcUrls: [{ url: server.url, majorApiVersion: 1, validFor: { start: '2024-01-01T00:00:00Z' }, operator: 'us' }],
  };
  const trustedRoot = { mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1' };
  const mediaType = 'application/vnd.dev.sigstore.clienttrustconfig.v0.1+json';
  writeFileSync(join(cwd, 'trust.json'), JSON.stringify({ mediaType, trustedRoot, signingConfig }));
});
afterEach(async () => {
  await server.close();
  rmSync(cwd, { recursive: true });
});

const token = (...argv: string[]): Promise<Invocation> =>
  invoke(['token', '--email', 'you@example.org', '--trust-config', 'trust.json', ...argv], { cwd });

describe('token', () => {
  test('prints the token alone', async () => {
    discovery = { issuer: server.url, tally_development_token_endpoint: `${server.url}/token` };
    expect(await token()).toEqual({ exit: 0, stdout: 'a.b.c\n', stderr: '' });
    expect(JSON.parse(server.requests.at(-1)!.body.toString())).toEqual({ email: 'you@example.org' });
  });

  test('is an object with --json', async () => {
    discovery = { issuer: server.url, tally_development_token_endpoint: `${server.url}/token` };
    expect(JSON.parse((await token('--json')).stdout)).toEqual({
      schema: 'tally/token/v1',
      token: 'a.b.c',
      issuer: server.url,
      email: 'you@example.org',
    });
  });

  test('of an issuer that is not for development is exit 2', async () => {
    discovery = { issuer: server.url };
    const { exit, stdout, stderr } = await token();
    expect([exit, stdout]).toEqual([2, '']);
    expect(stderr).toContain('is not a development issuer');
  });

  test('of an issuer that says it is another is exit 5', async () => {
    discovery = { issuer: 'https://evil.example', tally_development_token_endpoint: `${server.url}/token` };
    expect((await token()).exit).toBe(5);
  });

  test('is for an e-mail address', async () => {
    expect((await invoke(['token', '--email', 'you', '--trust-config', 'trust.json'], { cwd })).exit).toBe(2);
  });
});
