import 'reflect-metadata';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
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
import { type CertificateIssued, decodeCertificateIssued } from './issuance/certificate-issued.js';
import { KEY, post, publicKeyRequest, requestFor, YOU } from './testing/certificate-request.js';
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

describe('a signing certificate', () => {
  test('for a key with proof of possession lives ten minutes and names who signed in', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const { leaf, sct } = await verified(await post(ca, await requestFor(deployment, YOU)));
    const after = Date.now();
    expect(identityOf(leaf)).toEqual({
      subject: { type: 'email', value: YOU.email },
      issuer: deployment.issuer.url,
      claims: { tokenSubject: YOU.sub },
    });
    expect(Buffer.from(leaf.publicKey.spki)).toEqual(KEY.publicKey.export({ type: 'spki', format: 'der' }));
    expect(leaf.notAfter.getTime() - leaf.notBefore.getTime()).toBe(600_000);
    for (const ms of [leaf.notBefore.getTime(), Number(sct.timestampMs)]) {
      expect(ms).toBeGreaterThanOrEqual(before);
      expect(ms).toBeLessThanOrEqual(after);
    }
  });

  test('has the extensions of the profile, the SCT last', async () => {
    const { leaf } = await verified(await post(ca, await requestFor(deployment, YOU)));
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
    const { leaf } = await verified(await post(ca, { certificateSigningRequest }, headers));
    const spki = await crypto.subtle.exportKey('spki', keys.publicKey);
    expect(equalBytes(leaf.publicKey.spki, new Uint8Array(spki))).toBe(true);
    expect(toHex(leaf.subject)).toBe('3000');
  });

  test('is given for JSON that has unknown fields, names of the proto file, or another content type', async () => {
    const token = await deployment.issuer.token(YOU);
    const body = { ...(await requestFor(deployment, YOU)), unknown: { field: 1 } };
    await verified(await post(ca, body, { 'content-type': 'text/plain' }));
    await verified(
      await post(ca, { credentials: { oidc_identity_token: token }, public_key_request: publicKeyRequest(YOU.email) }),
    );
  });

  test('is recorded before it is handed out, without a word about its holder', async () => {
    const { leaf, sct } = await verified(await post(ca, await requestFor(deployment, YOU)));
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
    await verified(await post(ca, await requestFor(deployment, YOU)));
  });

  test('comes to each of many who ask at once', async () => {
    const request = await requestFor(deployment, YOU);
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(ca, request).then(verified)));
    expect(new Set(answers.map(({ leaf }) => toHex(leaf.serialNumber))).size).toBe(50);
  });
});

async function issuing(): Promise<Uint8Array> {
  const [, intermediate] = deployment.ctLog.submitted.at(-1) ?? [];
  return intermediate ?? new Uint8Array();
}

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
    await verified(await post(ca, await requestFor(deployment, YOU)));
    await post(ca, '{}');
    const metrics = await (await fetch(`${ca.url}/metrics`)).text();
    expect(metrics).toMatch(/ca_certificates_issued_total\{issuer_type="email"\} \d/);
    expect(metrics).toMatch(/ca_requests_refused_total\{code="malformed-token"\} \d/);
    expect(metrics).toMatch(/ca_ct_log_submission_seconds_count \d/);
  });
});
