import { afterEach, describe, expect, test } from '@jest/globals';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import type { Context } from '../context.js';
import { oidcIssuer } from '../testing/oidc-issuer.js';
import { resolveIdentity, type IdentityOptions } from './resolve-identity.js';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const tokenOf = (sub: string): string => `${encode({})}.${encode({ iss: 'https://issuer.example', sub })}.c2ln`;

let server: LocalServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Surroundings {
  readonly env?: Record<string, string>;
  readonly interactive?: boolean;
  readonly issuer?: string;
  readonly read?: (text: string) => void;
}

async function challengeOf(options: IdentityOptions, surroundings: Surroundings = {}): Promise<string> {
  const { env = {}, interactive = false, issuer = 'https://never.example', read = () => undefined } = surroundings;
  const stderr = { isTerminal: interactive, write: read };
  const io = { stdout: stderr, stderr, interactive, env, cwd: '', signal: new AbortController().signal };
  const context: Context = {
    io: { ...io, now: () => new Date() },
    schema: 'tally/test/v1',
    json: false,
    trustConfig: undefined,
  };
  return (await resolveIdentity(options, () => issuer, context)).challenge;
}

describe('the identity is that of', () => {
  const env = { SIGSTORE_ID_TOKEN: tokenOf('environment') };

  test('the token given, before all others', async () => {
    expect(await challengeOf({ identityToken: tokenOf('given') }, { env })).toBe('given');
  });

  test('SIGSTORE_ID_TOKEN', async () => {
    expect(await challengeOf({}, { env })).toBe('environment');
  });

  test('the GitHub Actions job', async () => {
    server = await localServer((_, response) => response.end(JSON.stringify({ value: tokenOf('job') })));
    const actions = { ACTIONS_ID_TOKEN_REQUEST_URL: `${server.url}/?v=2`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret' };
    expect(await challengeOf({}, { env: actions })).toBe('job');
    expect(server.requests[0]!.path).toBe('/?v=2&audience=sigstore');
  });

  test.each<[string, IdentityOptions, boolean]>([
    ['at a terminal', { browser: true }, true],
    ['where --no-browser says that somebody reads the address', { browser: false }, false],
    ['where --device says that somebody has the code', { device: true }, false],
  ])('who signs in %s', async (_, options, interactive) => {
    const issuer = await oidcIssuer();
    server = issuer;
    const read = (text: string): void => {
      const address = /https?:\S+authorize\S+/.exec(text)?.[0];
      if (address !== undefined) void fetch(address);
    };
    // Nothing on this machine opens a browser: the person follows the printed address.
    const PATH = process.env.PATH;
    process.env.PATH = '';
    try {
      expect(await challengeOf(options, { interactive, issuer: issuer.url, read })).toBe('you@example.org');
    } finally {
      process.env.PATH = PATH;
    }
  });
});

describe('nobody is asked where nobody sits', () => {
  test.each([
    ['anywhere', {}, 'tally token --email'],
    ['in GitHub Actions', { GITHUB_ACTIONS: 'true' }, 'id-token: write'],
    ['in GitLab CI', { GITLAB_CI: 'true' }, 'SIGSTORE_ID_TOKEN: { aud: sigstore }'],
  ])('%s', async (_, env, next) => {
    await expect(challengeOf({ browser: true }, { env })).rejects.toMatchObject({
      code: 'usage',
      next: expect.stringContaining(next),
    });
  });
});
