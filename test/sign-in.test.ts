import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as oidc from 'openid-client';
import { pino } from 'pino';
import type { Browser, Page } from 'playwright-core';
import { startIssuer } from '../apps/stack/src/issuer/issuer.js';
import type { RunningIssuer } from '../apps/stack/src/issuer/issuer.js';
import { invoke } from '../apps/cli/src/testing/invoke.js';
import { browserIsInstalled, launchBrowser } from './browser.js';
import { startNetwork } from './network.js';
import type { Network } from './network.js';

const withBrowser = browserIsInstalled() ? describe : describe.skip;

withBrowser('the sign-in page of the development issuer', () => {
  let home: string;
  let issuer: RunningIssuer;
  let client: oidc.Configuration;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'tally-sign-in-'));
    issuer = await startIssuer({ port: 0, keyPath: join(home, 'oidc.json') }, pino({ level: 'silent' }));
    client = await oidc.discovery(new URL(issuer.url), 'sigstore', undefined, oidc.None(), {
      execute: [oidc.allowInsecureRequests],
    });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await issuer.close();
    await rm(home, { recursive: true });
  });
  beforeEach(async () => {
    page = await browser.newPage({ javaScriptEnabled: false });
  });
  afterEach(() => page.close());

  test('signs in with the code flow and PKCE, without JavaScript', async () => {
    const signIn = await startCodeFlow(client);
    await page.goto(signIn.url.href);
    await expect(page.locator('.warning').innerText()).resolves.toMatch(/development issuer.*proves nothing/is);

    await page.getByLabel('E-mail address').fill('ann@example.org');
    await page.getByRole('button', { name: 'Sign in' }).click();

    const tokens = await oidc.authorizationCodeGrant(client, await signIn.callback, signIn.checks);
    expect(tokens.claims()).toMatchObject({
      iss: issuer.url,
      aud: 'sigstore',
      email: 'ann@example.org',
      email_verified: true,
    });
    expect(tokens.access_token).toBe(tokens.id_token);
  });

  test('asks again who to be at the next sign-in of the same browser', async () => {
    for (const email of ['ann@example.org', 'ben@example.org']) {
      const signIn = await startCodeFlow(client);
      await page.goto(signIn.url.href);
      await page.getByLabel('E-mail address').fill(email);
      await page.getByRole('button', { name: 'Sign in' }).click();
      const tokens = await oidc.authorizationCodeGrant(client, await signIn.callback, signIn.checks);
      expect(tokens.claims()?.email).toBe(email);
    }
  });

  test('shows an address that is not one again, escaped, with what is wrong', async () => {
    const signIn = await startCodeFlow(client);
    await page.goto(signIn.url.href);
    await page.locator('form').evaluate((form) => ((form as HTMLFormElement).noValidate = true));
    await page.getByLabel('E-mail address').fill('"><b>ann');
    await page.getByRole('button', { name: 'Sign in' }).click();

    await expect(page.getByRole('alert').innerText()).resolves.toMatch(/not an e-mail address/);
    await expect(page.getByLabel('E-mail address').inputValue()).resolves.toBe('"><b>ann');
    await signIn.abandon();
  });

  test('tells the program when the sign-in is cancelled', async () => {
    const signIn = await startCodeFlow(client);
    await page.goto(signIn.url.href);
    await page.getByRole('button', { name: 'Cancel' }).click();

    const grant = oidc.authorizationCodeGrant(client, await signIn.callback, signIn.checks);
    await expect(grant).rejects.toMatchObject({ error: 'access_denied' });
  });

  test('signs in a terminal with the device flow', async () => {
    const device = await oidc.initiateDeviceAuthorization(client, { scope: 'openid email' });
    await page.goto(device.verification_uri);
    await page.getByLabel('Code').fill('WRNG-WRNG');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('alert').innerText()).resolves.toMatch(/No such code/);

    await page.getByLabel('Code').fill(device.user_code.toLowerCase());
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.locator('.code').innerText()).resolves.toBe(device.user_code);
    await page.getByRole('button', { name: 'Yes, continue' }).click();
    await page.getByLabel('E-mail address').fill('cleo@example.org');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading').innerText()).resolves.toBe('You are cleo@example.org.');

    const tokens = await oidc.pollDeviceAuthorizationGrant(client, { ...device, interval: 0.1 });
    expect(tokens.claims()).toMatchObject({ email: 'cleo@example.org', email_verified: true, aud: 'sigstore' });
  });

  test('takes the code of the device flow from the link, and asks to compare it', async () => {
    const device = await oidc.initiateDeviceAuthorization(client, { scope: 'openid email' });
    await page.goto(device.verification_uri_complete ?? '');
    await expect(page.locator('.code').innerText()).resolves.toBe(device.user_code);
    await page.getByRole('button', { name: 'No, stop' }).click();
    await expect(page.getByRole('alert').innerText()).resolves.toMatch(/Stopped/);

    const grant = oidc.pollDeviceAuthorizationGrant(client, { ...device, interval: 0.1 });
    await expect(grant).rejects.toMatchObject({ error: 'access_denied' });
  });
});

withBrowser('tally sign, for somebody who signs in', () => {
  let network: Network;
  let work: string;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    network = await startNetwork();
    work = await mkdtemp(join(tmpdir(), 'tally-sign-in-'));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await network.stop();
    await rm(work, { recursive: true });
  });
  beforeEach(async () => {
    page = await browser.newPage();
  });
  afterEach(() => page.close());

  test('takes the address that was typed into the page', async () => {
    await writeFile(join(work, 'browser.txt'), 'signed in the browser');
    const signing = signWhile('browser.txt', '--no-browser', /^ {2}(http:\S+\/auth\?\S+)$/m);
    await page.goto(await signing.address);
    await page.getByLabel('E-mail address').fill('ann@example.org');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading').innerText()).resolves.toMatch(/signed in/i);

    expect(await signing.done).toMatchObject({ exit: 0 });
    expect((await verify('browser.txt', 'ann@example.org')).exit).toBe(0);
    expect((await verify('browser.txt', 'ben@example.org')).exit).toBe(1);
  });

  test('takes it from another machine with the device flow', async () => {
    await writeFile(join(work, 'device.txt'), 'signed with a code');
    const signing = signWhile('device.txt', '--device', /^ {2}(http:\S+\/device\?\S+)$/m);
    await page.goto(await signing.address);
    await page.getByRole('button', { name: 'Yes, continue' }).click();
    await page.getByLabel('E-mail address').fill('cleo@example.org');
    await page.getByRole('button', { name: 'Sign in' }).click();

    expect(await signing.done).toMatchObject({ exit: 0 });
    expect((await verify('device.txt', 'cleo@example.org')).exit).toBe(0);
  });

  /** Begins to sign, and waits for the address that the command prints for a person to open. */
  function signWhile(file: string, how: string, printed: RegExp) {
    let found: (address: string) => void;
    const address = new Promise<string>((resolve) => (found = resolve));
    const done = invoke(['sign', file, how], {
      env: { TALLY_HOME: network.home },
      cwd: work,
      reader: (stderr) => {
        const [, url] = printed.exec(stderr) ?? [];
        if (url !== undefined) found(url);
      },
    });
    return { address, done };
  }

  function verify(file: string, email: string) {
    const issuer = network.urls.issuer;
    const argv = ['verify', file, '--certificate-identity', email, '--certificate-oidc-issuer', issuer];
    return invoke(argv, { env: { TALLY_HOME: network.home }, cwd: work });
  }
});

/** What a program does that wants somebody to sign in: listens on a loopback port, and sends the browser to `url`. */
async function startCodeFlow(client: oidc.Configuration) {
  let answered: (url: URL) => void;
  const callback = new Promise<URL>((resolve) => (answered = resolve));
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close').end('done');
    answered(new URL(request.url ?? '/', redirectUri));
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const redirectUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth/callback`;

  const pkceCodeVerifier = oidc.randomPKCECodeVerifier();
  const expectedState = oidc.randomState();
  const url = oidc.buildAuthorizationUrl(client, {
    redirect_uri: redirectUri,
    scope: 'openid email',
    state: expectedState,
    code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  });
  const abandon = () => new Promise((resolve) => server.close(resolve));
  return { url, callback, abandon, checks: { pkceCodeVerifier, expectedState, idTokenExpected: true } };
}
