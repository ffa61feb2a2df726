import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { pino } from 'pino';
import { startIssuer } from './issuer.js';
import type { RunningIssuer } from './issuer.js';

const logger = pino({ level: 'silent' });
const EMAIL = 'ann@example.org';

describe('the development issuer', () => {
  let home: string;
  let keyPath: string;
  let issuer: RunningIssuer;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'tally-issuer-'));
    keyPath = join(home, 'oidc.json');
    issuer = await startIssuer({ port: 0, keyPath }, logger);
  });
  afterAll(async () => {
    await issuer.close();
    await rm(home, { recursive: true });
  });

  const askForToken = (body: string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
    fetch(`${issuer.url}/development/token`, { method: 'POST', body, headers });

  test('names its token endpoint for development in its discovery document', async () => {
    const document = (await (await fetch(`${issuer.url}/.well-known/openid-configuration`)).json()) as object;
    expect(document).toMatchObject({
      issuer: issuer.url,
      device_authorization_endpoint: `${issuer.url}/device/auth`,
      code_challenge_methods_supported: ['S256'],
      tally_development_token_endpoint: `${issuer.url}/development/token`,
    });
  });

  test('gives an ID token for any e-mail address, signed with a published key', async () => {
    const response = await askForToken(JSON.stringify({ email: EMAIL }));
    expect(response.status).toBe(200);
    const { id_token: token } = (await response.json()) as { id_token: string };
    const keys = createRemoteJWKSet(new URL(`${issuer.url}/jwks`));
    const { payload } = await jwtVerify(token, keys, { issuer: issuer.url, audience: 'sigstore' });
    expect(payload).toMatchObject({ sub: EMAIL, email: EMAIL, email_verified: true });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
  });

  // cosign 3.1.3 parses --identity-token as a JWT with RS256, and opens it as a file when that fails.
  test('signs with RS256, as its discovery document says', async () => {
    const { id_token: token } = (await (await askForToken(JSON.stringify({ email: EMAIL }))).json()) as {
      id_token: string;
    };
    expect(decodeProtectedHeader(token).alg).toBe('RS256');
    const document = await (await fetch(`${issuer.url}/.well-known/openid-configuration`)).json();
    expect(document).toMatchObject({ id_token_signing_alg_values_supported: ['RS256'] });
  });

  test('makes a new key where it finds one for another algorithm', async () => {
    const path = join(home, 'es256.json');
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    await writeFile(path, JSON.stringify({ ...(await exportJWK(privateKey)), kid: 'before', alg: 'ES256' }));
    const again = await startIssuer({ port: 0, keyPath: path }, logger);
    await again.close();
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ kty: 'RSA', alg: 'RS256' });
  });

  test('publishes the public half of its key only', async () => {
    const { keys } = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: object[] };
    expect(keys).toHaveLength(1);
    expect(keys[0]).not.toHaveProperty('d');
  });

  test('keeps its key, readable by its owner only, over a restart', async () => {
    const before = await readFile(keyPath, 'utf8');
    const again = await startIssuer({ port: 0, keyPath }, logger);
    await again.close();
    expect(await readFile(keyPath, 'utf8')).toBe(before);
    expect((await stat(keyPath)).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['no e-mail address', '{}'],
    ['an address without a domain', '{"email":"ann"}'],
    ['an address with a line break', '{"email":"ann@example.org\\nben@example.org"}'],
    ['an address outside ASCII', '{"email":"änn@example.org"}'],
    ['an address of 255 characters', JSON.stringify({ email: `a@${'b.'.repeat(125)}org` })],
    ['a list', '[]'],
    ['null', 'null'],
    ['no JSON', 'email=ann@example.org'],
  ])('refuses %s with 400', async (_what, body) => {
    const response = await askForToken(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  });

  test('refuses a form, which a page of any site could post, with 415', async () => {
    const response = await askForToken(JSON.stringify({ email: EMAIL }), { 'content-type': 'text/plain' });
    expect(response.status).toBe(415);
  });

  test('refuses a body over 4 KiB with 413', async () => {
    const response = await askForToken(JSON.stringify({ email: EMAIL, padding: 'x'.repeat(5000) }));
    expect(response.status).toBe(413);
  });

  test('refuses GET on the token endpoint with 405', async () => {
    expect((await fetch(`${issuer.url}/development/token`)).status).toBe(405);
  });

  test('counts what it signs', async () => {
    const count = async () => {
      const metrics = await (await fetch(`${issuer.url}/metrics`)).text();
      return Number(/tally_issuer_id_tokens_total\{way="development"\} (\d+)/.exec(metrics)?.[1] ?? 0);
    };
    const before = await count();
    await askForToken(JSON.stringify({ email: EMAIL }));
    expect(await count()).toBe(before + 1);
  });

  test('answers on 127.0.0.1 too', async () => {
    const response = await fetch(`${issuer.url.replace('localhost', '127.0.0.1')}/health/ready`);
    expect(response.status).toBe(200);
  });

  test('answers to no name but a loopback one', async () => {
    const status = await new Promise((resolve, reject) => {
      const rebound = request(`${issuer.url}/`, { headers: { host: 'rebound.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      rebound.on('error', reject).end();
    });
    expect(status).toBe(421);
  });

  test('refuses a redirect that is not to a loopback address', async () => {
    const url = new URL(`${issuer.url}/auth`);
    url.search = new URLSearchParams({
      client_id: 'sigstore',
      response_type: 'code',
      scope: 'openid email',
      redirect_uri: 'https://example.org/auth/callback',
      code_challenge: 'x'.repeat(43),
      code_challenge_method: 'S256',
    }).toString();
    const response = await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/redirect_uri/);
  });

  test('refuses a code request without PKCE', async () => {
    const url = new URL(`${issuer.url}/auth`);
    url.search = new URLSearchParams({
      client_id: 'sigstore',
      response_type: 'code',
      scope: 'openid email',
      redirect_uri: 'http://localhost:1/auth/callback',
    }).toString();
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.headers.get('location')).toMatch(/error=invalid_request/);
  });

  describe('asked for the token of an unknown code', () => {
    const ask = async (name: Record<string, string>, authorization?: string): Promise<unknown> => {
      const form = new URLSearchParams({
        grant_type: 'authorization_code',
        code: 'unknown',
        redirect_uri: 'http://localhost:1/auth/callback',
        code_verifier: 'x'.repeat(43),
        ...name,
      });
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const response = await fetch(`${issuer.url}/token`, { method: 'POST', body: form, headers });
      return ((await response.json()) as { error: unknown }).error;
    };
    const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

    test('knows the client by its name in the form', async () => {
      expect(await ask({ client_id: 'sigstore' })).toBe('invalid_grant');
    });

    // sigstore-python 4.5.1 asks for its token so, and nowhere else says who it is.
    test('knows the client by HTTP Basic with an empty password', async () => {
      expect(await ask({}, basic('sigstore:'))).toBe('invalid_grant');
    });

    test.each([
      ['another name', basic('somebody:'), 'invalid_client'],
      ['a password', basic('sigstore:password'), 'invalid_client'],
      ['a name with more fields in it', basic('sigstore&code=another:'), 'invalid_request'],
      ['no name', basic(':'), 'invalid_request'],
    ])('refuses %s in HTTP Basic', async (_what, authorization, error) => {
      expect(await ask({}, authorization)).toBe(error);
    });
  });

  test('says so when a sign-in is over', async () => {
    const response = await fetch(`${issuer.url}/sign-in/unknown`);
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/This sign-in is over/);
  });
});
