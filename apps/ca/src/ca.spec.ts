import 'reflect-metadata';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { type JWTPayload, UnsecuredJWT } from 'jose';
import { sha256, toHex } from '#crypto';
import {
  EXTENDED_KEY_USAGE,
  EXTENSION,
  identityOf,
  parseCertificate,
  verifyChain,
  verifyEmbeddedSct,
} from '#libs/certificate';
import { decodePem, equalBytes } from '#libs/crypto';
import { SqliteEventStore } from '#libs/event-store';
import type { RunningService } from '#libs/server';
import { generateSigner, openKeyFile } from '#libs/signer';
import { type CertificateIssued, decodeCertificateIssued } from './issuance/certificate-issued.js';
import { type CaDeployment, deployCa } from './testing/running-ca.js';

const YOU = { sub: 'Cg0w', email: 'you@example.org', email_verified: true };
const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });

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

function post(body: string | object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${ca.url}/api/v2/signingCert`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

function publicKeyRequest(challenge: string, signer: KeyObject = KEY.privateKey): object {
  return {
    publicKey: { algorithm: 'ECDSA', content: KEY.publicKey.export({ type: 'spki', format: 'pem' }) },
    proofOfPossession: sign('sha256', Buffer.from(challenge), signer).toString('base64'),
  };
}

async function requestFor(claims: JWTPayload, challenge = YOU.email): Promise<object> {
  return {
    credentials: { oidcIdentityToken: await deployment.issuer.token(claims) },
    publicKeyRequest: publicKeyRequest(challenge),
  };
}

/** The chain in an answer, checked as a verifier would, and the SCT in its first certificate. */
async function verified(answer: Response) {
  expect(answer.status).toBe(200);
  const body = (await answer.json()) as { signedCertificateEmbeddedSct: { chain: { certificates: string[] } } };
  const [leaf, ...chain] = body.signedCertificateEmbeddedSct.chain.certificates.map((pem) => {
    const [der, ...more] = decodePem(pem, 'CERTIFICATE');
    expect(more).toEqual([]);
    return parseCertificate(der ?? new Uint8Array());
  });
  if (!leaf || !chain[0]) throw new Error('no chain');
  verifyChain({ leaf, chain, at: new Date(), extendedKeyUsage: EXTENDED_KEY_USAGE.codeSigning });
  const { publicKey } = deployment.ctLog.signer;
  const logs = [{ logId: sha256(publicKey.spki), publicKey, validFor: { start: new Date(0) } }];
  return { leaf, sct: verifyEmbeddedSct({ certificate: leaf, issuer: chain[0], logs }).sct };
}

async function expectRefused(answer: Response, status: number, code: number, message?: RegExp): Promise<void> {
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status,
    body: { code, message: message ? expect.stringMatching(message) : expect.any(String), details: [] },
  });
}

describe('a signing certificate', () => {
  test('for a key with proof of possession lives ten minutes and names who signed in', async () => {
    const { leaf, sct } = await verified(await post(await requestFor(YOU)));
    expect(identityOf(leaf)).toEqual({
      subject: { type: 'email', value: YOU.email },
      issuer: deployment.issuer.url,
      claims: { tokenSubject: YOU.sub },
    });
    expect(Buffer.from(leaf.publicKey.spki)).toEqual(KEY.publicKey.export({ type: 'spki', format: 'der' }));
    expect(leaf.notAfter.getTime() - leaf.notBefore.getTime()).toBe(600_000);
    expect(Math.abs(Date.now() - leaf.notBefore.getTime())).toBeLessThan(10_000);
    expect(Math.abs(Date.now() - Number(sct.timestampMs))).toBeLessThan(10_000);
  });

  test('has the extensions of the profile, the SCT last', async () => {
    const { leaf } = await verified(await post(await requestFor(YOU)));
    expect(leaf.extensions.map(({ oid, critical }) => [oid, critical])).toEqual([
      [EXTENSION.keyUsage, true],
      [EXTENSION.extendedKeyUsage, false],
      [EXTENSION.subjectKeyIdentifier, false],
      [EXTENSION.authorityKeyIdentifier, false],
      [EXTENSION.subjectAltName, true],
      [EXTENSION.issuerV1, false],
      [EXTENSION.issuerV2, false],
      [EXTENSION.tokenSubject, false],
      [EXTENSION.sctList, false],
    ]);
    expect(toHex(leaf.subject)).toBe('3000');
    expect([leaf.isCa, [...(leaf.keyUsage ?? [])], leaf.extendedKeyUsage]).toEqual([
      false,
      ['digitalSignature'],
      [EXTENDED_KEY_USAGE.codeSigning],
    ]);
    expect(leaf.serialNumber).toHaveLength(20);
  });

  test('for a certificate signing request has its key', async () => {
    const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
    const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
    const request = await Pkcs10CertificateRequestGenerator.create({ name: 'CN=root', keys, signingAlgorithm });
    const certificateSigningRequest = Buffer.from(request.toString('pem')).toString('base64');
    const authorization = `Bearer ${await deployment.issuer.token(YOU)}`;
    // As sigstore-python asks: the token in a header, another answer preferred, and JSON read all the same.
    const headers = { authorization, accept: 'application/pem-certificate-chain' };
    const { leaf } = await verified(await post({ certificateSigningRequest }, headers));
    const spki = await crypto.subtle.exportKey('spki', keys.publicKey);
    expect(equalBytes(leaf.publicKey.spki, new Uint8Array(spki))).toBe(true);
    expect(toHex(leaf.subject)).toBe('3000');
  });

  test('is given for JSON that has unknown fields, names of the proto file, or another content type', async () => {
    const token = await deployment.issuer.token(YOU);
    const body = { ...(await requestFor(YOU)), unknown: { field: 1 } };
    await verified(await post(body, { 'content-type': 'text/plain' }));
    await verified(
      await post({ credentials: { oidc_identity_token: token }, public_key_request: publicKeyRequest(YOU.email) }),
    );
  });

  test('is recorded before it is handed out, without a word about its holder', async () => {
    const { leaf, sct } = await verified(await post(await requestFor(YOU)));
    await ca.close();
    const store = await SqliteEventStore.open({ path: join(deployment.config.dataDirectory, 'events.sqlite') });
    const events: { type: string; event: CertificateIssued; data: Buffer }[] = [];
    const stream = `ca-${toHex(sha256(parseCertificate(await issuing()).publicKey.spki))}`;
    for await (const { type, data } of store.readStream(stream)) {
      events.push({ type, event: decodeCertificateIssued(data), data: Buffer.from(data) });
    }
    await store.close();
    ca = await deployment.start();
    expect(events.at(-1)).toMatchObject({
      type: 'CertificateIssued/v1',
      event: {
        certificateHash: sha256(leaf.raw),
        serialNumber: leaf.serialNumber,
        logId: sct.logId,
        sctTimestampMs: sct.timestampMs,
        leafIndex: BigInt(deployment.ctLog.submitted.length - 1),
      },
    });
    expect(events.some(({ data }) => data.includes('example'))).toBe(false);
    await verified(await post(await requestFor(YOU)));
  });

  test('comes to each of many who ask at once', async () => {
    const request = await requestFor(YOU);
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(request).then(verified)));
    expect(new Set(answers.map(({ leaf }) => toHex(leaf.serialNumber))).size).toBe(50);
  });
});

async function issuing(): Promise<Uint8Array> {
  const [, intermediate] = deployment.ctLog.submitted.at(-1) ?? [];
  return intermediate ?? new Uint8Array();
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
    await expectRefused(await post(await requestFor(claims())), 400, 3);
    expect(deployment.ctLog.submitted).toHaveLength(submitted);
  });

  test('for a token with alg none', async () => {
    const claims = { ...YOU, iss: deployment.issuer.url, aud: 'sigstore', iat: now(), exp: now() + 60 };
    const oidcIdentityToken = new UnsecuredJWT(claims).encode();
    const body = { credentials: { oidcIdentityToken }, publicKeyRequest: publicKeyRequest(YOU.email) };
    await expectRefused(await post(body), 400, 3, /alg/i);
  });

  test('for a proof of possession by another key', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const body = { ...(await requestFor(YOU)), publicKeyRequest: publicKeyRequest(YOU.email, other) };
    await expectRefused(await post(body), 400, 3, /proof of possession/);
  });

  test('for a proof of possession over another subject', async () => {
    await expectRefused(await post(await requestFor(YOU, 'me@example.org')), 400, 3, /proof of possession/);
    await expectRefused(await post(await requestFor(YOU, YOU.sub)), 400, 3, /proof of possession/);
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
    await expectRefused(await post({ credentials, certificateSigningRequest }), 400, 3, /signing request/);
  });

  test.each(['', '{', '{"credentials":', 'null', '[]', '"x"', '{"__proto__":{}}', '\ufeff{}', '{"credentials":1}'])(
    'for the body %j',
    async (body) => {
      await expectRefused(await post(body), 400, 3);
    },
  );

  test('for a body over 64 KiB', async () => {
    await expectRefused(await post({ ...(await requestFor(YOU)), padding: 'x'.repeat(65_536) }), 413, 8);
  });

  test.each<[string, Parameters<CaDeployment['ctLog']['misbehave']>[0]]>([
    ['is broken', (response) => response.writeHead(500).end('{}')],
    ['hangs up', (response) => response.destroy()],
  ])('while the ct log %s', async (_what, handler) => {
    deployment.ctLog.misbehave(handler);
    const answer = await post(await requestFor(YOU));
    expect(answer.headers.get('retry-after')).toBe('1');
    await expectRefused(answer, 503, 14, /ct log/);
  });

  test('when the ct log refuses the precertificate', async () => {
    deployment.ctLog.misbehave((response) => response.writeHead(400).end('unknown root'));
    await expectRefused(await post(await requestFor(YOU)), 500, 13);
  });

  test('with an SCT that is not by the key of the ct log', async () => {
    deployment.ctLog.signWith(generateSigner('ct-log', 'ecdsa-p256'));
    await expectRefused(await post(await requestFor(YOU)), 500, 13, /SCT/);
  });
});

describe('the CA', () => {
  test('shows its chain and its configuration', async () => {
    const bundle = (await (await fetch(`${ca.url}/api/v2/trustBundle`)).json()) as {
      chains: { certificates: string[] }[];
    };
    expect(bundle.chains.map(({ certificates }) => certificates.length)).toEqual([2]);
    expect(await (await fetch(`${ca.url}/api/v2/configuration`)).json()).toEqual({
      issuers: [
        {
          issuerUrl: deployment.issuer.url,
          audience: 'sigstore',
          challengeClaim: 'email',
          spiffeTrustDomain: '',
          issuerType: 'email',
          subjectDomain: '',
          skipEmailVerification: false,
        },
      ],
    });
  });

  test('is healthy, and counts what it does', async () => {
    expect((await fetch(`${ca.url}/health/ready`)).status).toBe(200);
    await verified(await post(await requestFor(YOU)));
    await post('{}');
    const metrics = await (await fetch(`${ca.url}/metrics`)).text();
    expect(metrics).toMatch(/ca_certificates_issued_total\{issuer_type="email"\} \d/);
    expect(metrics).toMatch(/ca_requests_refused_total\{code="malformed-token"\} \d/);
    expect(metrics).toMatch(/ca_ct_log_submission_seconds_count \d/);
  });

  test('answers what it does not know as Fulcio does', async () => {
    await expectRefused(await fetch(`${ca.url}/api/v2/nothing`), 404, 5);
  });

  test('never logs a token', async () => {
    const request = (await requestFor({ ...YOU, aud: 'other' })) as { credentials: { oidcIdentityToken: string } };
    await post(request);
    deployment.issuer.misbehave((_request, response) => response.writeHead(500).end());
    deployment.ctLog.misbehave((response) => response.writeHead(500).end());
    await post(await requestFor(YOU));
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
