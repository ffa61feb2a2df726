import { afterEach, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { localServer } from '../../../../test/local-server.js';
import type { Context } from '../context.js';
import { oidcIssuer, type OidcIssuer } from '../testing/oidc-issuer.js';
import { signInByBrowser } from './browser-sign-in.js';
import { signInByDevice } from './device-sign-in.js';

let issuer: OidcIssuer | undefined;
afterEach(async () => {
  await issuer?.close();
  issuer = undefined;
});

/** `read` is the person at the terminal: it is given every line. */
function at(read: (text: string) => void, signal = new AbortController().signal): Context {
  const silent = { isTerminal: true, write: () => undefined };
  const io = { stdout: silent, stderr: { isTerminal: true, write: read }, interactive: true, env: {}, cwd: '', signal };
  return { io: { ...io, now: () => new Date() }, schema: 'tally/test/v1', json: false, trustConfig: undefined };
}

const addressIn = (text: string): URL => new URL(/https?:\S+/.exec(text)![0]);

describe('in the browser', () => {
  test('gives the ID token, by PKCE, state and nonce, on a loopback port', async () => {
    issuer = await oidcIssuer();
    let asked: URL | undefined;
    let page = '';
    const browser = at((text) => {
      asked = addressIn(text);
      void fetch(asked).then(async (response) => (page = await response.text()));
    });
    const claims = decodeJwt(await signInByBrowser(issuer.url, false, browser));
    expect(claims).toMatchObject({ iss: issuer.url, aud: 'sigstore', email: 'you@example.org' });
    const query = Object.fromEntries(asked!.searchParams);
    expect(query).toMatchObject({
      client_id: 'sigstore',
      scope: 'openid email',
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: expect.stringMatching(/^http:\/\/localhost:\d+\/auth\/callback$/),
    });
    expect(claims.nonce).toBe(query.nonce);
    expect(page).toContain('You are signed in');
  });

  test('that is refused says why', async () => {
    issuer = await oidcIssuer();
    issuer.refuse.authorize = 'access_denied';
    const browser = at((text) => void fetch(addressIn(text)));
    await expect(signInByBrowser(issuer.url, false, browser)).rejects.toMatchObject({
      code: 'not-verified',
      message: expect.stringContaining('you said no'),
    });
  });

  test('is not disturbed by who does not know the state', async () => {
    issuer = await oidcIssuer();
    const statuses: number[] = [];
    const browser = at((text) => {
      const asked = addressIn(text);
      const callback = asked.searchParams.get('redirect_uri')!;
      const stray = ['', '?code=x', '?code=x&state=y', '?error=access_denied&state='];
      void (async () => {
        for (const query of stray) statuses.push((await fetch(callback + query)).status);
        statuses.push((await fetch(new URL('/', callback))).status);
        await fetch(asked);
      })();
    });
    await signInByBrowser(issuer.url, false, browser);
    expect(statuses).toEqual([404, 404, 404, 404, 404]);
  });

  test.each(['file:///usr/bin/true', 'http://sign-in.example/', 'smb://sign-in.example/share'])(
    'does not open %s, whatever the issuer says',
    async (endpoint) => {
      const server = await localServer((_, response) => {
        const metadata = {
          issuer: server.url,
          authorization_endpoint: endpoint,
          token_endpoint: `${server.url}/token`,
        };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
      });
      try {
        let shown = '';
        const terminal = at((text) => (shown += text), AbortSignal.timeout(5_000));
        await expect(signInByBrowser(server.url, false, terminal)).rejects.toMatchObject({ code: 'unavailable' });
        expect(shown).toBe('');
      } finally {
        await server.close();
      }
    },
  );

  test('ends when the user interrupts', async () => {
    issuer = await oidcIssuer();
    const abort = new AbortController();
    const reason = new Error('interrupted');
    const browser = at(() => abort.abort(reason), abort.signal);
    await expect(signInByBrowser(issuer.url, false, browser)).rejects.toBe(reason);
  });
});

describe('by device', () => {
  test('shows the address and the code, waits, and gives the ID token', async () => {
    issuer = await oidcIssuer();
    let shown = '';
    const claims = decodeJwt(
      await signInByDevice(
        issuer.url,
        at((text) => (shown += text)),
      ),
    );
    expect(claims.email).toBe('you@example.org');
    expect(shown).toContain(`${issuer.url}/activate`);
    expect(shown).toContain('ABCD-EFGH');
  });

  test('that is refused says so', async () => {
    issuer = await oidcIssuer();
    issuer.refuse.device = 'access_denied';
    await expect(
      signInByDevice(
        issuer.url,
        at(() => undefined),
      ),
    ).rejects.toMatchObject({ code: 'not-verified' });
  });

  test('is a usage error where the provider has none', async () => {
    issuer = await oidcIssuer(false);
    await expect(
      signInByDevice(
        issuer.url,
        at(() => undefined),
      ),
    ).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('has no device flow'),
    });
  });
});

describe('an identity provider', () => {
  test('without https is used on this machine only', async () => {
    await expect(
      signInByDevice(
        'http://issuer.example',
        at(() => undefined),
      ),
    ).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('is not on https'),
    });
  });

  test('that is not there is an outage', async () => {
    issuer = await oidcIssuer();
    const { url } = issuer;
    await issuer.close();
    await expect(
      signInByDevice(
        url,
        at(() => undefined),
      ),
    ).rejects.toMatchObject({ code: 'unavailable' });
  });
});
