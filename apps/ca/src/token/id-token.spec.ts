import { createSecretKey } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';
import { parseIssuers } from '../identity/issuers-file.js';
import { type OidcIssuer, startOidcIssuer } from '../testing/oidc-issuer.js';
import { verifyIdToken } from './id-token.js';
import { TrustedIssuers } from './trusted-issuers.js';

const now = (): number => Math.floor(Date.now() / 1000);
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

let issuer: OidcIssuer;
let trusted: TrustedIssuers;

beforeAll(async () => {
  issuer = await startOidcIssuer();
});
afterAll(() => issuer.close());
beforeEach(() => {
  const file = { 'oidc-issuers': { [issuer.url]: { type: 'email' } } };
  trusted = new TrustedIssuers(parseIssuers(JSON.stringify(file)), { allowHttp: true });
});
afterEach(() => issuer.misbehave());

const verify = (token: string): ReturnType<typeof verifyIdToken> => verifyIdToken(token, trusted, new Date());

describe('an ID token', () => {
  test('of a trusted issuer is read', async () => {
    const { claims } = await verify(await issuer.token({ sub: 'x', email: 'you@example.org' }));
    expect(claims).toMatchObject({ sub: 'x', email: 'you@example.org' });
  });

  test('may be for several audiences', async () => {
    await expect(verify(await issuer.token({ sub: 'x', aud: ['other', 'sigstore'] }))).resolves.toBeDefined();
  });

  test.each<[string, () => object]>([
    ['that has expired', () => ({ exp: now() - 11 })],
    ['that never expires', () => ({ exp: undefined })],
    ['that is not yet valid', () => ({ nbf: now() + 30 })],
    ['that was issued in the future', () => ({ iat: now() + 30 })],
    ['that was issued at no time', () => ({ iat: undefined })],
    ['for another audience', () => ({ aud: 'other' })],
    ['for nobody', () => ({ aud: undefined })],
    ['without a subject', () => ({ sub: undefined })],
    ['with an empty subject', () => ({ sub: '' })],
    ['with a number as its subject', () => ({ sub: 7 })],
  ])('%s is refused', async (_what, change) => {
    await expect(verify(await issuer.token({ sub: 'x', ...change() }))).rejects.toThrow(code('refused-token'));
  });

  const claims = (): object => ({ iss: issuer.url, aud: 'sigstore', sub: 'x', iat: now(), exp: now() + 60 });

  test('without a signature is refused', async () => {
    await expect(verify(new UnsecuredJWT({ ...claims() }).encode())).rejects.toThrow(code('refused-token'));
  });

  test('signed with a shared secret is refused', async () => {
    const token = await new SignJWT({ ...claims() })
      .setProtectedHeader({ alg: 'HS256', kid: 'issuer-key-1' })
      .sign(createSecretKey(Buffer.alloc(32)));
    await expect(verify(token)).rejects.toThrow(code('refused-token'));
  });

  test('signed by another key is refused', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    for (const kid of ['issuer-key-1', 'another']) {
      const token = await new SignJWT({ ...claims() }).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey);
      await expect(verify(token)).rejects.toThrow(code('refused-token'));
    }
  });

  test('whose claims were changed is refused', async () => {
    const [header, , signature] = (await issuer.token({ sub: 'x' })).split('.');
    const changed = Buffer.from(JSON.stringify({ ...claims(), sub: 'y' })).toString('base64url');
    await expect(verify([header, changed, signature].join('.'))).rejects.toThrow(code('refused-token'));
  });

  test('of an issuer that is not configured is refused before anyone is asked', async () => {
    const before = { ...issuer.requests };
    for (const iss of [`${issuer.url}/`, 'https://evil.example', ['x'], undefined]) {
      await expect(verify(await issuer.token({ sub: 'x', iss: iss as string }))).rejects.toThrow(
        code('unknown-issuer'),
      );
    }
    expect(issuer.requests).toEqual(before);
  });

  test.each(['', 'x', 'a.b.c', '..', `${'x'.repeat(20_000)}.y.z`])('that is no JWT is refused', async (token) => {
    await expect(verify(token)).rejects.toThrow(code('malformed-token'));
  });

  test('never shows up in an error', async () => {
    const token = await issuer.token({ sub: 'secret-subject', aud: 'other' });
    const error: unknown = await verify(token).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'refused-token' });
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch('secret-subject');
  });
});

describe('an issuer', () => {
  test('is asked for its metadata and its keys once', async () => {
    const before = { ...issuer.requests };
    await Promise.all(Array.from({ length: 20 }, async () => verify(await issuer.token({ sub: 'x' }))));
    for (const path of ['/.well-known/openid-configuration', '/keys']) {
      expect((issuer.requests[path] ?? 0) - (before[path] ?? 0)).toBe(1);
    }
  });

  const unavailable = async (): Promise<void> =>
    expect(verify(await issuer.token({ sub: 'x' }))).rejects.toThrow(code('issuer-unavailable'));

  test('that is away is not a fault of the token, and is left alone for a while', async () => {
    issuer.misbehave((_request, response) => response.writeHead(502).end());
    const before = issuer.requests['/.well-known/openid-configuration'] ?? 0;
    await unavailable();
    await unavailable();
    expect(issuer.requests['/.well-known/openid-configuration']).toBe(before + 1);
  });

  test('that redirects to another host is not followed', async () => {
    const elsewhere = await startOidcIssuer();
    try {
      issuer.misbehave(({ url }, response) => response.writeHead(302, { location: `${elsewhere.url}${url}` }).end());
      await unavailable();
      expect(elsewhere.requests).toEqual({});
    } finally {
      await elsewhere.close();
    }
  });

  test('that answers for another issuer is not believed', async () => {
    issuer.misbehave((_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/keys` })),
    );
    await unavailable();
  });

  test('that answers without end is cut off', async () => {
    issuer.misbehave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const flood = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', flood).on('error', () => undefined);
      flood();
    });
    await unavailable();
  });

  test('over http is not asked where that is not allowed', async () => {
    trusted = new TrustedIssuers(trusted.issuers, { allowHttp: false });
    const before = { ...issuer.requests };
    await unavailable();
    expect(issuer.requests).toEqual(before);
  });
});
