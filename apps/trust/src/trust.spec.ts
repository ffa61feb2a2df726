import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256, toBase64 } from '#crypto';
import { parseCertificate } from '#libs/certificate';
import { encodePem } from '#libs/crypto';
import { createIntermediateCertificate, createRootCertificate, createTsaCertificate } from '#libs/issuing';
import { KEY_TYPE, formatVerifierKey, fullKeyId, verifierKey } from '#libs/note';
import { createLogger, startService } from '#libs/server';
import type { RunningService } from '#libs/server';
import { generateSigner } from '#libs/signer';
import type { KeyRole, Signer } from '#libs/signer';
import { parsePolicy } from '#libs/tlog';
import { parseClientTrustConfig, parseTrustedRoot } from '#libs/verify';
import type { Deployment } from './deployment.js';
import { TRUST_DOCUMENTS } from './documents.js';
import { productionProblems } from './production.js';
import { trustService } from './trust.module.js';

const START = '2026-01-02T03:04:05.000Z';
const notBefore = new Date(START);
const notAfter = new Date('2036-01-02T03:04:05.000Z');

const rekorKey = generateSigner('rekor-log', 'ed25519');
const ctKey = generateSigner('ct-log', 'ecdsa-p256');

function vkey(name: string, type: number, signer: Signer): string {
  return formatVerifierKey(verifierKey(name, type, signer.publicKey.raw));
}

async function chain(role: KeyRole, rootRole: KeyRole, name: string): Promise<string> {
  const [signer, rootSigner] = [generateSigner(role, 'ecdsa-p256'), generateSigner(rootRole, 'ecdsa-p256')];
  const subject = (commonName: string) => ({ organization: 'Example', commonName });
  const root = await createRootCertificate({ subject: subject('root'), signer: rootSigner, notBefore, notAfter });
  const issuer = { certificate: parseCertificate(root), signer: rootSigner };
  const create = role === 'tsa' ? createTsaCertificate : createIntermediateCertificate;
  const leaf = await create({ subject: subject(name), publicKey: signer.publicKey, issuer, notBefore, notAfter });
  return encodePem('CERTIFICATE', leaf) + encodePem('CERTIFICATE', root);
}

async function makeDeployment(): Promise<Deployment> {
  return {
    name: 'Example & <Co>',
    trustUrl: 'https://trust.example',
    rekorLogs: [
      {
        key: vkey('log2025.example', KEY_TYPE.ed25519, generateSigner('rekor-log', 'ed25519')),
        url: 'https://log2025.example',
        start: '2025-01-01T00:00:00.000Z',
        end: '2025-12-31T23:59:59.000Z',
      },
      { key: vkey('log2026.example', KEY_TYPE.ed25519, rekorKey), url: 'https://log2026.example', start: START },
    ],
    ctLogs: [
      {
        name: 'ct.example',
        url: 'https://ct.example',
        publicKey: encodePem('PUBLIC KEY', ctKey.publicKey.spki),
        start: START,
      },
    ],
    certificateAuthorities: [
      { name: 'ca.example', url: 'https://ca.example', chain: await chain('ca', 'ca-root', 'ca.example') },
    ],
    timestampAuthorities: [
      {
        name: 'tsa.example',
        url: 'https://tsa.example/api/v1/timestamp',
        chain: await chain('tsa', 'tsa-root', 'tsa.example'),
      },
    ],
    issuers: [{ url: 'https://oidc.example', start: START }],
    witnesses: ['one', 'two', 'three'].map((name) => ({
      key: vkey(`${name}.example`, KEY_TYPE.cosignature, generateSigner('witness', 'ed25519')),
      url: `https://${name}.example/witness`,
    })),
    quorum: 2,
  };
}

describe('the trust service', () => {
  let directory: string;
  let deployment: Deployment;
  let service: RunningService;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tally-trust-'));
    deployment = await makeDeployment();
    const config = { profile: 'development', host: '127.0.0.1', port: 0, deployment, directory } as const;
    service = await startService(trustService(config), createLogger('trust', { write: () => undefined }));
  });
  afterAll(async () => {
    await service.close();
    await rm(directory, { recursive: true });
  });

  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${service.url}${path}`, { headers });

  test('serves a trusted root in the shape that stock clients read', async () => {
    const root = (await (await get('/trusted_root.json')).json()) as { tlogs: unknown[] };
    expect(root).toEqual({
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [expect.anything(), expect.anything()],
      ctlogs: [
        {
          baseUrl: 'https://ct.example',
          hashAlgorithm: 'SHA2_256',
          publicKey: {
            rawBytes: toBase64(ctKey.publicKey.spki),
            keyDetails: 'PKIX_ECDSA_P256_SHA_256',
            validFor: { start: START },
          },
          logId: { keyId: toBase64(sha256(ctKey.publicKey.spki)) },
        },
      ],
      certificateAuthorities: [
        {
          subject: { organization: 'Example', commonName: 'ca.example' },
          uri: 'https://ca.example',
          certChain: { certificates: [{ rawBytes: expect.any(String) }, { rawBytes: expect.any(String) }] },
          validFor: { start: START },
        },
      ],
      timestampAuthorities: [
        {
          subject: { organization: 'Example', commonName: 'tsa.example' },
          uri: 'https://tsa.example/api/v1/timestamp',
          certChain: { certificates: [{ rawBytes: expect.any(String) }, { rawBytes: expect.any(String) }] },
          validFor: { start: START },
        },
      ],
    });
    expect(root.tlogs[1]).toEqual({
      baseUrl: 'https://log2026.example',
      hashAlgorithm: 'SHA2_256',
      publicKey: {
        rawBytes: toBase64(rekorKey.publicKey.spki),
        keyDetails: 'PKIX_ED25519',
        validFor: { start: START },
      },
      logId: { keyId: toBase64(fullKeyId('log2026.example', KEY_TYPE.ed25519, rekorKey.publicKey.raw)) },
    });
  });

  test('orders chains from the certificate that signs to the root', async () => {
    const root = parseTrustedRoot(await (await get('/trusted_root.json')).json());
    for (const { chain: certificates } of [...root.certificateAuthorities, ...root.timestampAuthorities]) {
      expect(certificates[0]?.issuer).toEqual(certificates[1]?.subject);
      expect(certificates[1]?.issuer).toEqual(certificates[1]?.subject);
    }
    expect(root.timestampAuthorities[0]?.chain[0]?.isCa).toBe(false);
  });

  test('sends signers to addresses, with the versions that clients expect, and to no frozen log', async () => {
    const service = (url: string, majorApiVersion = 1) => ({
      url,
      majorApiVersion,
      validFor: { start: START },
      operator: 'Example & <Co>',
    });
    expect(await (await get('/signing_config.v0.2.json')).json()).toEqual({
      mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
      caUrls: [service('https://ca.example')],
      oidcUrls: [service('https://oidc.example')],
      rekorTlogUrls: [service('https://log2026.example', 2)],
      tsaUrls: [service('https://tsa.example/api/v1/timestamp')],
      rekorTlogConfig: { selector: 'ANY' },
      tsaConfig: { selector: 'ANY' },
    });
  });

  test('puts both into one file, with no field that stock clients reject', async () => {
    const config: object = (await (await get('/trust.json')).json()) as object;
    expect(Object.keys(config)).toEqual(['mediaType', 'trustedRoot', 'signingConfig']);
    expect(parseClientTrustConfig(config).trustedRoot.tlogs).toHaveLength(2);
  });

  test('serves a policy with the newest log only, and two of three witnesses', async () => {
    const policy = parsePolicy(await (await get('/tlog-policy')).text());
    expect(policy.logs.map(({ key, url }) => [key.name, url])).toEqual([
      ['log2026.example', 'https://log2026.example'],
    ]);
    expect(policy.witnesses).toHaveLength(3);
    expect(policy.groups).toEqual([
      { name: policy.quorum, threshold: 2, members: ['one.example', 'two.example', 'three.example'] },
    ]);
  });

  test('answers 304 to who has the document already', async () => {
    const first = await get('/trust.json');
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toMatch(/max-age=/);
    expect((await get('/trust.json', { 'if-none-match': `"other", W/${etag}` })).status).toBe(304);
    expect((await get('/trust.json', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('shows people a page, with everything escaped', async () => {
    const response = await get('/');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const page = await response.text();
    expect(page).toMatch('Example &#38; &#60;Co&#62;');
    expect(page).not.toMatch('<Co>');
    expect(page).toMatch('href="/trust.json"');
  });

  test('writes the same documents into its folder, and nothing else', async () => {
    expect(new Set(await readdir(directory))).toEqual(new Set(TRUST_DOCUMENTS));
    for (const name of TRUST_DOCUMENTS) {
      expect(await readFile(join(directory, name), 'utf8')).toBe(await (await get(`/${name}`)).text());
    }
  });

  test('tells operators when the certificates end', async () => {
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toMatch(
      `tally_trust_authority_not_after_seconds{authority="ca.example"} ${notAfter.getTime() / 1000}`,
    );
  });

  test.each<[string, RegExp, (deployment: Deployment) => Deployment]>([
    [
      'a log without TLS',
      /http:\/\/log.example is not https/,
      (good) => ({ ...good, rekorLogs: good.rekorLogs.map((log) => ({ ...log, url: 'http://log.example' })) }),
    ],
    [
      'an issuer on loopback',
      /https:\/\/localhost:1 is a loopback address/,
      (good) => ({ ...good, issuers: [{ url: 'https://localhost:1', start: START }] }),
    ],
    [
      'a name of a development stack',
      /ct-x.tally.localhost is the name/,
      (good) => ({ ...good, ctLogs: good.ctLogs.map((log) => ({ ...log, name: 'ct-x.tally.localhost' })) }),
    ],
    [
      'one key for two roles',
      /have the same key/,
      (good) => ({
        ...good,
        witnesses: [{ key: vkey('w', KEY_TYPE.cosignature, rekorKey), url: 'https://w.example' }],
      }),
    ],
    [
      'a timestamp authority under the root of the CA',
      /have the same key/,
      (good) => ({
        ...good,
        timestampAuthorities: good.timestampAuthorities.map((tsa) => ({
          ...tsa,
          chain: good.certificateAuthorities[0]?.chain ?? '',
        })),
      }),
    ],
  ])('refuses %s in production', (_what, message, spoil) => {
    expect(productionProblems(deployment)).toEqual([]);
    expect(productionProblems(spoil(deployment)).join('\n')).toMatch(message);
  });
});
