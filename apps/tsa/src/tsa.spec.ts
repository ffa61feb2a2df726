import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256, sha384, sha512, toBase64, toHex } from '#crypto';
import { parseCertificate } from '#libs/certificate';
import { DER, decodePem, encodeDer, encodeOid } from '#libs/crypto';
import type { RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { encodeTimestampRequest, parseTimestampResponse, verifyTimestamp } from '#libs/timestamp';
import type { TsaConfig } from './config.js';
import { createChain, DAY_MS, deployTsa, granted, type TsaDeployment } from './testing/running-tsa.js';

const MESSAGE = new TextEncoder().encode('a signature');
const POLICY = '1.3.6.1.4.1.57264.2';

let deployment: TsaDeployment;
let tsa: RunningService;

beforeAll(async () => {
  deployment = await deployTsa();
  tsa = await deployment.start();
});
afterAll(async () => {
  await tsa.close();
  await deployment.remove();
});

function post(body: Uint8Array | string, contentType?: string): Promise<Response> {
  return fetch(`${tsa.url}/api/v1/timestamp`, {
    method: 'POST',
    body: body as BodyInit,
    headers: contentType === undefined ? {} : { 'content-type': contentType },
  });
}

const postDer = (der: Uint8Array): Promise<Response> => post(der, 'application/timestamp-query');
const postJson = (query: object | string): Promise<Response> =>
  post(typeof query === 'string' ? query : JSON.stringify(query), 'application/json');

async function expectError(answer: Response, status: number, message: RegExp): Promise<void> {
  expect({ status: answer.status, body: await answer.json() }).toEqual({
    status,
    body: { code: status, message: expect.stringMatching(message), details: [] },
  });
}

const JSON_QUERY = { artifactHash: toBase64(sha256(MESSAGE)), hashAlgorithm: 'sha256' };

describe('a DER query', () => {
  test('is answered with a timestamp that verifies', async () => {
    const before = Math.floor(Date.now() / 1000) * 1000;
    const query = { hashAlgorithm: 'sha256' as const, digest: sha256(MESSAGE), nonce: 2n ** 63n, certReq: true };
    const { der, token } = await granted(await postDer(encodeTimestampRequest(query)));
    expect(token.info).toMatchObject({ policy: POLICY, nonce: 2n ** 63n });
    expect(token.certificates).toEqual([deployment.authorities[0]?.chain[0]?.raw]);
    const { time } = verifyTimestamp(der, MESSAGE, deployment.authorities);
    expect(time.getTime()).toBeGreaterThanOrEqual(before);
    expect(time.getTime()).toBeLessThanOrEqual(Date.now());
  });

  test.each([
    ['sha256', sha256],
    ['sha384', sha384],
    ['sha512', sha512],
  ] as const)('may be over %s, without nonce and certificate', async (hashAlgorithm, hash) => {
    const query = { hashAlgorithm, digest: hash(MESSAGE), policy: POLICY, certReq: false };
    const { der, token } = await granted(await postDer(encodeTimestampRequest(query)));
    expect([token.certificates, token.info.nonce]).toEqual([[], undefined]);
    verifyTimestamp(der, MESSAGE, deployment.authorities);
  });

  test('gets a number of its own', async () => {
    const query = encodeTimestampRequest({ hashAlgorithm: 'sha256', digest: sha256(MESSAGE), certReq: false });
    const answers = await Promise.all(Array.from({ length: 50 }, () => postDer(query).then(granted)));
    expect(new Set(answers.map(({ token }) => toHex(token.info.serialNumber))).size).toBe(50);
  });

  const imprint = (oid: string, digest: Uint8Array): Uint8Array =>
    encodeDer(DER.sequence, encodeDer(DER.sequence, encodeOid(oid)), encodeDer(DER.octetString, digest));
  const SHA256 = imprint('2.16.840.1.101.3.4.2.1', sha256(MESSAGE));
  const version = (n: number): Uint8Array => encodeDer(DER.integer, Uint8Array.of(n));

  test.each<[string, Uint8Array[], string]>([
    ['SHA-1', [version(1), imprint('1.3.14.3.2.26', new Uint8Array(20))], 'badAlg'],
    ['another policy', [version(1), SHA256, encodeOid('1.2.3')], 'unacceptedPolicy'],
    [
      'an extension',
      [version(1), SHA256, encodeDer(0xa0, encodeDer(DER.sequence, encodeOid('1.2.3')))],
      'unacceptedExtension',
    ],
    ['another version', [version(2), SHA256], 'badRequest'],
    ['a negative nonce', [version(1), SHA256, encodeDer(DER.integer, Uint8Array.of(0xff))], 'badDataFormat'],
  ])('with %s is rejected in the words of RFC 3161', async (_what, fields, failure) => {
    const answer = await postDer(encodeDer(DER.sequence, ...fields));
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/timestamp-reply']);
    const response = parseTimestampResponse(new Uint8Array(await answer.arrayBuffer()));
    expect(response).toMatchObject({ status: 'not-granted', failures: [failure] });
  });

  test.each<[string, Uint8Array]>([
    ['that is empty', new Uint8Array()],
    ['that is garbage', MESSAGE],
    ['that is cut off', encodeDer(DER.sequence, version(1), SHA256).subarray(0, -1)],
    [
      'with a digest of the wrong length',
      encodeDer(DER.sequence, version(1), imprint('2.16.840.1.101.3.4.2.1', sha384(MESSAGE))),
    ],
    [
      'with a nonce of 100 bytes',
      encodeDer(DER.sequence, version(1), SHA256, encodeDer(DER.integer, new Uint8Array(100).fill(1))),
    ],
    ['of 2 KiB', encodeDer(DER.sequence, new Uint8Array(2048))],
  ])('%s is a bad request', async (_what, query) => {
    await expectError(await postDer(query), 400, /./);
  });

  test('over 16 KiB is too large', async () => {
    expect((await postDer(new Uint8Array(16_385))).status).toBe(413);
  });
});

describe('a JSON query', () => {
  test('is answered with a timestamp that verifies', async () => {
    const { der, token } = await granted(await postJson(JSON_QUERY));
    expect([token.certificates, token.info.nonce]).toEqual([[], undefined]);
    verifyTimestamp(der, MESSAGE, deployment.authorities);
  });

  test('may ask for more', async () => {
    const query = {
      artifactHash: toBase64(sha512(MESSAGE)),
      hashAlgorithm: 'SHA512',
      certificates: true,
      tsaPolicyOID: POLICY,
      unknown: 1,
    };
    // A number of 64 bits, which JavaScript would round.
    const body = JSON.stringify(query).replace('{', '{"nonce":18446744073709551615,');
    const { der, token } = await granted(await post(body, 'Application/JSON; charset=utf-8'));
    expect(token.info.nonce).toBe(2n ** 64n - 1n);
    expect(token.certificates).toHaveLength(1);
    verifyTimestamp(der, MESSAGE, deployment.authorities);
  });

  test('may have null for what it leaves out', async () => {
    await granted(await postJson({ ...JSON_QUERY, nonce: null, certificates: null, tsaPolicyOID: null }));
  });

  test.each<[string, object | string]>([
    ['that is no JSON', '{'],
    ['that is no object', '[]'],
    ['without a hash', { hashAlgorithm: 'sha256' }],
    ['without an algorithm', { artifactHash: JSON_QUERY.artifactHash }],
    ['with SHA-1', { ...JSON_QUERY, hashAlgorithm: 'sha1' }],
    ['whose hash is not base64', { ...JSON_QUERY, artifactHash: '!' }],
    ['whose hash has the wrong length', { ...JSON_QUERY, hashAlgorithm: 'sha384' }],
    ['with a fraction for a nonce', { ...JSON_QUERY, nonce: 1.5 }],
    ['with a negative nonce', { ...JSON_QUERY, nonce: -1 }],
    ['with text for a nonce', { ...JSON_QUERY, nonce: '1' }],
    ['with a nonce of 300 digits', JSON.stringify(JSON_QUERY).replace('{', `{"nonce":${'9'.repeat(300)},`)],
    ['with another policy', { ...JSON_QUERY, tsaPolicyOID: '1.2.3' }],
    ['over 1 KiB', { ...JSON_QUERY, padding: 'x'.repeat(1024) }],
  ])('%s is a bad request, never an answer that a client could take for a timestamp', async (_what, query) => {
    await expectError(await postJson(query), 400, /timestamp query|tsaPolicyOID/);
  });
});

test.each([undefined, 'text/plain', 'application/octet-stream', 'multipart/form-data; boundary=application/json'])(
  'content type %j is not supported',
  async (contentType) => {
    await expectError(await post(JSON.stringify(JSON_QUERY), contentType), 415, /content type/);
  },
);

describe('the timestamp authority', () => {
  test('shows its chain, the leaf first', async () => {
    const answer = await fetch(`${tsa.url}/api/v1/timestamp/certchain`);
    expect(answer.headers.get('content-type')).toMatch('application/pem-certificate-chain');
    const chain = decodePem(await answer.text(), 'CERTIFICATE').map((der) => parseCertificate(der));
    expect(chain).toEqual(deployment.authorities[0]?.chain);
  });

  test('is there, healthy, and counts what it does', async () => {
    expect((await fetch(`${tsa.url}/ping`)).status).toBe(200);
    expect((await fetch(`${tsa.url}/health/ready`)).status).toBe(200);
    const metrics = await (await fetch(`${tsa.url}/metrics`)).text();
    for (const result of ['granted', 'rejected', 'malformed', 'refused', 'unsupported-media-type']) {
      expect(metrics).toMatch(`tsa_timestamps_total{result="${result}"}`);
    }
  });
});

describe('a timestamp authority does not start', () => {
  async function startWith(name: string, profile: TsaConfig['profile'], commonName: string, validForMs: number) {
    const files = {
      keyFile: deployment.path(`${name}.pem`),
      certificateChainFile: deployment.path(`${name}-chain.pem`),
    };
    await createChain({ ...deployment.config, ...files, profile }, commonName, validForMs);
    return deployment.start(files);
  }

  test('in production with a development key', async () => {
    await expect(startWith('development', 'development', 'tsa', DAY_MS)).rejects.toThrow(
      expect.objectContaining({ code: 'development-key' }),
    );
  });

  test('in production with a development certificate', async () => {
    await expect(startWith('label', 'production', 'tsa-x7f3.tally.localhost', DAY_MS)).rejects.toThrow(
      expect.objectContaining({ code: 'development-certificate' }),
    );
  });

  test('with a certificate that has expired', async () => {
    await expect(startWith('expired', 'production', 'tsa', -1000)).rejects.toThrow(
      expect.objectContaining({ code: 'expired' }),
    );
  });

  test('with the chain of another key', async () => {
    await openKeyFile(deployment.path('other.pem'), {
      role: 'tsa',
      algorithm: 'ecdsa-p256',
      profile: 'production',
      create: true,
    });
    await expect(deployment.start({ keyFile: deployment.path('other.pem') })).rejects.toThrow(
      expect.objectContaining({ code: 'wrong-key' }),
    );
  });

  test('without a chain', async () => {
    await writeFile(deployment.path('empty.pem'), '');
    await expect(deployment.start({ certificateChainFile: deployment.path('empty.pem') })).rejects.toThrow(
      expect.objectContaining({ code: 'malformed-chain' }),
    );
  });
});
