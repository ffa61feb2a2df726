import 'reflect-metadata';
import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { type JWTPayload, UnsecuredJWT } from 'jose';
import type { RunningService } from '#libs/server';
import { generateSigner, openKeyFile } from '#libs/signer';
import { post, publicKeyRequest, requestFor, YOU } from './testing/certificate-request.js';
import { type CaDeployment, deployCa } from './testing/running-ca.js';

let deployment: CaDeployment;
let ca: RunningService;

beforeAll(async () => {
  deployment = await deployCa({ type: 'email' });
  ca = await deployment.start();
});
afterAll(async () => {
  await ca.close();
  await deployment.remove();
});
afterEach(() => {
  deployment.issuer.misbehave();
  deployment.ctLog.misbehave();
  deployment.ctLog.signWith(deployment.ctLog.signer);
});

async function expectRefused(answer: Response, status: number, code: number, message?: RegExp): Promise<void> {
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status,
    body: { code, message: message ? expect.stringMatching(message) : expect.any(String), details: [] },
  });
}

describe('no certificate', () => {
  const now = (): number => Math.floor(Date.now() / 1000);

  test.each<[string, () => JWTPayload]>([
    ['an expired token', () => ({ ...YOU, exp: now() - 60 })],
    ['a token for another audience', () => ({ ...YOU, aud: 'other' })],
    ['a token of an unknown issuer', () => ({ ...YOU, iss: 'https://accounts.example' })],
    ['an e-mail address that is not verified', () => ({ ...YOU, email_verified: false })],
  ])('for %s', async (_what, claims) => {
    const submitted = deployment.ctLog.submitted.length;
    await expectRefused(await post(ca, await requestFor(deployment, claims())), 400, 3);
    expect(deployment.ctLog.submitted).toHaveLength(submitted);
  });

  test('for a token with alg none', async () => {
    const claims = { ...YOU, iss: deployment.issuer.url, aud: 'sigstore', iat: now(), exp: now() + 60 };
    const oidcIdentityToken = new UnsecuredJWT(claims).encode();
    const body = { credentials: { oidcIdentityToken }, publicKeyRequest: publicKeyRequest(YOU.email) };
    await expectRefused(await post(ca, body), 400, 3, /alg/i);
  });

  test('for a proof of possession by another key', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const body = { ...(await requestFor(deployment, YOU)), publicKeyRequest: publicKeyRequest(YOU.email, other) };
    await expectRefused(await post(ca, body), 400, 3, /proof of possession/);
  });

  test('for a proof of possession over another subject', async () => {
    await expectRefused(
      await post(ca, await requestFor(deployment, YOU, 'me@example.org')),
      400,
      3,
      /proof of possession/,
    );
    await expectRefused(await post(ca, await requestFor(deployment, YOU, YOU.sub)), 400, 3, /proof of possession/);
  });

  test('for a certificate signing request whose self-signature fails', async () => {
    const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const [mine, theirs] = await Promise.all([
      crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']),
      crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']),
    ]);
    const keys = { privateKey: mine.privateKey, publicKey: theirs.publicKey };
    const request = await Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm });
    const certificateSigningRequest = Buffer.from(request.toString('pem')).toString('base64');
    const credentials = { oidcIdentityToken: await deployment.issuer.token(YOU) };
    await expectRefused(await post(ca, { credentials, certificateSigningRequest }), 400, 3, /signing request/);
  });

  test.each(['', '{', '{"credentials":', 'null', '[]', '"x"', '{"__proto__":{}}', '\ufeff{}', '{"credentials":1}'])(
    'for the body %j',
    async (body) => {
      await expectRefused(await post(ca, body), 400, 3);
    },
  );

  test('for a body over 64 KiB', async () => {
    await expectRefused(
      await post(ca, { ...(await requestFor(deployment, YOU)), padding: 'x'.repeat(65_536) }),
      413,
      8,
    );
  });

  test.each<[string, Parameters<CaDeployment['ctLog']['misbehave']>[0]]>([
    ['is broken', (response) => response.writeHead(500).end('{}')],
    ['hangs up', (response) => response.destroy()],
  ])('while the ct log %s', async (_what, handler) => {
    deployment.ctLog.misbehave(handler);
    const answer = await post(ca, await requestFor(deployment, YOU));
    expect(answer.headers.get('retry-after')).toBe('1');
    await expectRefused(answer, 503, 14, /ct log/);
  });

  test('when the ct log refuses the precertificate', async () => {
    deployment.ctLog.misbehave((response) => response.writeHead(400).end('unknown root'));
    await expectRefused(await post(ca, await requestFor(deployment, YOU)), 500, 13);
  });

  test('with an SCT that is not by the key of the ct log', async () => {
    deployment.ctLog.signWith(generateSigner('ct-log', 'ecdsa-p256'));
    await expectRefused(await post(ca, await requestFor(deployment, YOU)), 500, 13, /SCT/);
  });
});

describe('the CA', () => {
  test('answers what it does not know as Fulcio does', async () => {
    await expectRefused(await fetch(`${ca.url}/api/v2/nothing`), 404, 5);
  });

  test('never logs a token', async () => {
    const request = (await requestFor(deployment, { ...YOU, aud: 'other' })) as {
      credentials: { oidcIdentityToken: string };
    };
    await post(ca, request);
    deployment.issuer.misbehave((_request, response) => response.writeHead(500).end());
    deployment.ctLog.misbehave((response) => response.writeHead(500).end());
    await post(ca, await requestFor(deployment, YOU));
    const log = deployment.logLines.join('');
    expect(log).toMatch('request failed');
    expect(log).not.toMatch(/eyJ/);
    expect(log).not.toMatch('you@example.org');
  });
});

describe('a CA does not start', () => {
  const startWith = (change: Parameters<CaDeployment['start']>[0]): Promise<unknown> =>
    deployment.start({ dataDirectory: join(deployment.directory, 'other'), ...change });

  test('in production with a development key', async () => {
    const keyFile = join(deployment.directory, 'development.pem');
    await openKeyFile(keyFile, { role: 'ca', algorithm: 'ecdsa-p256', profile: 'development', create: true });
    const issuersFile = join(deployment.directory, 'production-issuers.json');
    await writeFile(issuersFile, '{ "oidc-issuers": { "https://accounts.example": { "type": "email" } } }');
    await expect(startWith({ profile: 'production', keyFile, issuersFile })).rejects.toThrow(
      expect.objectContaining({ code: 'development-key' }),
    );
  });

  test('in production with an issuer on this machine', async () => {
    await expect(startWith({ profile: 'production' })).rejects.toThrow(
      expect.objectContaining({ code: 'development-issuer' }),
    );
  });

  test('with the chain of another key', async () => {
    const other = await deployCa({ type: 'email' });
    try {
      const { certificateChainFile } = other.config;
      await expect(startWith({ certificateChainFile })).rejects.toThrow(expect.objectContaining({ code: 'wrong-key' }));
    } finally {
      await other.remove();
    }
  });

  test('while another process has its store open', async () => {
    await expect(startWith({ dataDirectory: deployment.config.dataDirectory })).rejects.toThrow(
      expect.objectContaining({ code: 'store-locked' }),
    );
  });
});
