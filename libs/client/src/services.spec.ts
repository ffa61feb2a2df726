import { afterEach, describe, expect, test } from '@jest/globals';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256, toBase64 } from '#crypto';
import { encodeDigitallySigned } from '#libs/certificate';
import { encodePem } from '#libs/crypto';
import { parseEntry, type Entry } from '#libs/entry';
import { parseSignatureLines } from '#libs/note';
import { encodeEntryBundle } from '#libs/tlog';
import { localServer, type LocalServer } from '../../../test/local-server.js';
import { vectors } from '../../../test/vectors.js';
import {
  addCheckpoint,
  addEntry,
  addPreChain,
  fetchCheckpoint,
  fetchCosignedCheckpoint,
  fetchEntryBundle,
  fetchLogFile,
  fetchHealth,
  fetchIssuerMetadata,
  fetchTile,
  fetchTrustMaterial,
  requestActionsToken,
  requestCertificate,
  requestDevelopmentToken,
  requestTimestamp,
} from './index.js';

let server: LocalServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** A service that gives one answer to everything. */
async function answering(
  status: number,
  body: string | Uint8Array | object,
  headers: Record<string, string> = {},
): Promise<string> {
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
  server = await localServer((_, response) => response.writeHead(status, headers).end(bytes));
  return server.url;
}

const sent = (): unknown => JSON.parse(server!.requests[0]!.body.toString());
const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill);

describe('the certificate authority', () => {
  const request = { identityToken: 'h.p.s', publicKeyPem: 'PEM', proofOfPossession: bytes(8) };
  const chain = (...certificates: unknown[]): object => ({ signedCertificateEmbeddedSct: { chain: { certificates } } });

  test('is asked as Fulcio’s API v2 says, and its chain comes back leaf first', async () => {
    const pem = (fill: number): string => encodePem('CERTIFICATE', bytes(40, fill));
    const url = await answering(200, chain(pem(1), pem(2)));
    expect(await requestCertificate(url, request)).toEqual([bytes(40, 1), bytes(40, 2)]);
    expect(server!.requests[0]).toMatchObject({ method: 'POST', path: '/api/v2/signingCert' });
    expect(sent()).toEqual({
      credentials: { oidcIdentityToken: 'h.p.s' },
      publicKeyRequest: {
        publicKey: { algorithm: 'ECDSA', content: 'PEM' },
        proofOfPossession: toBase64(bytes(8)),
      },
    });
  });

  test('is asked with a signing request as well', async () => {
    const url = await answering(400, {});
    await requestCertificate(url, { identityToken: 'h.p.s', csrPem: 'CSR' }).catch(() => undefined);
    expect(sent()).toMatchObject({ certificateSigningRequest: Buffer.from('CSR').toString('base64') });
  });

  test('that refuses is quoted', async () => {
    const url = await answering(400, { code: 3, message: 'the identity token expired', details: [] });
    await expect(requestCertificate(url, request)).rejects.toMatchObject({
      code: 'refused',
      status: 400,
      message: expect.stringContaining('the identity token expired'),
    });
  });

  test('cannot make the terminal obey', async () => {
    const url = await answering(400, '\u001b[2Jgone');
    await expect(requestCertificate(url, request)).rejects.toMatchObject({ body: '[2Jgone' });
  });

  test('that answers 500 gave no answer of its protocol', async () => {
    const url = await answering(500, 'oops');
    await expect(requestCertificate(url, request)).rejects.toMatchObject({ code: 'unexpected-answer', status: 500 });
  });

  test.each([
    ['no JSON', 'hello'],
    ['null', 'null'],
    ['another object', { hello: 1 }],
    ['a chain without an issuer', chain(encodePem('CERTIFICATE', bytes(4)))],
    ['a certificate that is no string', chain(1, 2)],
    ['another kind of PEM', chain(encodePem('PUBLIC KEY', bytes(4)), encodePem('PUBLIC KEY', bytes(4)))],
    ['a detached SCT', { signedCertificateDetachedSct: { chain: { certificates: [] } } }],
  ])('that answers with %s is not understood', async (_, body) => {
    const url = await answering(200, body);
    await expect(requestCertificate(url, request)).rejects.toMatchObject({ code: 'unexpected-answer' });
  });
});

describe('the certificate transparency log', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const answer = {
    sct_version: 0,
    id: toBase64(bytes(32)),
    timestamp: 1_700_000_000_123,
    extensions: '',
    signature: toBase64(encodeDigitallySigned('ecdsa-sha256', sign('sha256', bytes(3), privateKey))),
  };

  test('is sent the chain, and its SCT is read', async () => {
    const url = await answering(200, answer);
    const sct = await addPreChain(url, [bytes(3), bytes(4)]);
    expect(sct).toMatchObject({ logId: bytes(32), timestampMs: 1_700_000_000_123n, scheme: 'ecdsa-sha256' });
    expect(server!.requests[0]!.path).toBe('/ct/v1/add-pre-chain');
    expect(sent()).toEqual({ chain: [toBase64(bytes(3)), toBase64(bytes(4))] });
  });

  test.each([
    ['another version', { sct_version: 1 }],
    ['a short log ID', { id: toBase64(bytes(31)) }],
    ['a fractional time', { timestamp: 1.5 }],
    ['a time of a million years', { timestamp: 2 ** 60 }],
    ['extensions that are no base64', { extensions: '!' }],
    ['a signature that is none', { signature: toBase64(bytes(3)) }],
  ])('that answers with %s is not understood', async (_, change) => {
    const url = await answering(200, { ...answer, ...change });
    await expect(addPreChain(url, [bytes(3)])).rejects.toMatchObject({ code: 'unexpected-answer' });
  });
});

describe('the witness', () => {
  const request = {
    oldSize: 3n,
    proof: [bytes(32)],
    checkpoint: new TextEncoder().encode('log\n4\nroot\n\n— log AAAA\n'),
  };
  const line = `— witness.example ${toBase64(bytes(76))}\n`;

  test('is sent the request of tlog-witness, and its lines come back', async () => {
    const url = await answering(200, line);
    const answer = await addCheckpoint(`${url}/prefix/`, request);
    expect(answer).toEqual({ kind: 'cosigned', lines: parseSignatureLines(line) });
    expect(server!.requests[0]!.path).toBe('/prefix/add-checkpoint');
    expect(server!.requests[0]!.body.toString()).toBe(`old 3\n${toBase64(bytes(32))}\n\nlog\n4\nroot\n\n— log AAAA\n`);
  });

  test('that knows another size says which', async () => {
    const url = await answering(409, '7\n', { 'content-type': 'text/x.tlog.size' });
    expect(await addCheckpoint(url, request)).toEqual({ kind: 'conflict', size: 7n });
  });

  test.each([
    [409, ''],
    [409, '-1\n'],
    [409, '007\n'],
    [403, 'unknown key'],
    [404, ''],
    [422, ''],
    [429, ''],
    [500, 'oops'],
    [503, ''],
  ])('that answers %i %j refuses, and is asked once', async (status, body) => {
    const url = await answering(status, body, { 'retry-after': '0' });
    expect(await addCheckpoint(url, request)).toEqual({ kind: 'refused', status, body: body.trim() });
    expect(server!.requests).toHaveLength(1);
  });

  test.each(['', 'hello\n', line.slice(0, -1)])('that answers 200 with %j is not understood', async (body) => {
    const url = await answering(200, body);
    await expect(addCheckpoint(url, request)).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  test('shows what it cosigned below the hash of the origin', async () => {
    const url = await answering(200, 'checkpoint');
    expect(await fetchCosignedCheckpoint(url, 'log.example')).toEqual(new TextEncoder().encode('checkpoint'));
    expect(server!.requests[0]!.path).toBe(
      `/${Buffer.from(sha256(new TextEncoder().encode('log.example'))).toString('hex')}/checkpoint`,
    );
  });

  test('that cosigned nothing yet has no checkpoint', async () => {
    expect(await fetchCosignedCheckpoint(await answering(404, ''), 'log.example')).toBeUndefined();
  });
});

describe('tiles', () => {
  test('a partial tile is asked for by its width', async () => {
    const url = await answering(200, bytes(64));
    expect(await fetchTile(url, 1, 3n, 2)).toEqual(bytes(64));
    expect(server!.requests[0]!.path).toBe('/tile/1/003.p/2');
  });

  test('a partial tile that is gone is the start of the full one', async () => {
    server = await localServer((request, response) => {
      if (request.url === '/tile/0/000') response.end(Buffer.concat([bytes(64, 7), bytes(254 * 32)]));
      else response.writeHead(404).end();
    });
    expect(await fetchTile(server.url, 0, 0n, 2)).toEqual(bytes(64, 7));
  });

  test('a tile that is nowhere is a refusal', async () => {
    const url = await answering(404, '');
    await expect(fetchTile(url, 0, 0n, 2)).rejects.toMatchObject({ code: 'refused', status: 404 });
    expect(server!.requests.map(({ path }) => path)).toEqual(['/tile/0/000.p/2', '/tile/0/000']);
  });

  test.each([63, 65, 32])('%i bytes are no tile of two hashes', async (length) => {
    const url = await answering(200, bytes(length));
    await expect(fetchTile(url, 0, 0n, 2)).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  test('a tile of more than 256 hashes is too large', async () => {
    const url = await answering(200, bytes(257 * 32));
    await expect(fetchTile(url, 0, 0n, 256)).rejects.toMatchObject({ code: 'too-large' });
  });

  test('an entry bundle comes apart into its entries', async () => {
    const url = await answering(200, encodeEntryBundle([bytes(3), bytes(0), bytes(5)]));
    expect(await fetchEntryBundle(url, 1_234_067n, 2)).toEqual([bytes(3), bytes(0)]);
    expect(server!.requests[0]!.path).toBe('/tile/entries/x001/x234/067.p/2');
  });

  test('an entry bundle that was cut is not understood', async () => {
    const url = await answering(200, encodeEntryBundle([bytes(30)]).subarray(0, 20));
    await expect(fetchEntryBundle(url, 0n, 1)).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  test('a checkpoint of more than 128 KiB is too large', async () => {
    const url = await answering(200, bytes(128 * 1024 + 1));
    await expect(fetchCheckpoint(url)).rejects.toMatchObject({ code: 'too-large' });
  });
});

const conformance = vectors('sigstore-conformance/bundle-verify');
(conformance ? describe : describe.skip)('the log and the timestamp authority', () => {
  interface Recorded {
    verificationMaterial: {
      tlogEntries: { canonicalizedBody: string }[];
      timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: string }[] };
    };
  }
  const recorded = (name: string): Recorded['verificationMaterial'] =>
    (JSON.parse(readFileSync(join(conformance!, name, 'bundle.sigstore.json'), 'utf8')) as Recorded)
      .verificationMaterial;
  const answer = conformance ? recorded('rekor2-happy-path').tlogEntries[0]! : { canonicalizedBody: '' };
  const entryOf = ({ canonicalizedBody }: { canonicalizedBody: string }): Entry =>
    parseEntry(new Uint8Array(Buffer.from(canonicalizedBody, 'base64'))) as Entry;

  test('an entry goes to the log, and what it answers comes back', async () => {
    const url = await answering(201, answer);
    const logged = await addEntry(url, entryOf(answer));
    expect(toBase64(logged.canonicalizedBody)).toBe(answer.canonicalizedBody);
    expect(server!.requests[0]).toMatchObject({ method: 'POST', path: '/api/v2/log/entries' });
    expect(sent()).toHaveProperty('hashedRekordRequestV002');
  });

  test('an answer about another entry is not accepted', async () => {
    const url = await answering(201, answer);
    const other = { ...entryOf(answer), digest: bytes(32) };
    await expect(addEntry(url, other)).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  test('a log that is busy once is asked again', async () => {
    let asked = 0;
    server = await localServer((_, response) => {
      if (++asked === 1) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.writeHead(201).end(JSON.stringify(answer));
    });
    await addEntry(server.url, entryOf(answer));
    expect(asked).toBe(2);
  });

  test('a log that answers with an empty object is not understood', async () => {
    const url = await answering(201, {});
    await expect(addEntry(url, entryOf(answer))).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  test('a timestamp of another message is not accepted', async () => {
    const [timestamp] = recorded('rekor2-happy-path').timestampVerificationData.rfc3161Timestamps;
    const url = await answering(200, new Uint8Array(Buffer.from(timestamp!.signedTimestamp, 'base64')));
    await expect(requestTimestamp(url, bytes(3))).rejects.toMatchObject({
      code: 'unexpected-answer',
      message: expect.stringContaining('over something else'),
    });
  });

  test('a timestamp authority that answers with anything else is not understood', async () => {
    const url = await answering(200, 'hello');
    await expect(requestTimestamp(url, bytes(3))).rejects.toMatchObject({ code: 'unexpected-answer' });
  });
});

describe('the identity provider', () => {
  test('is asked for its discovery document', async () => {
    server = await localServer((_, response) => response.end(JSON.stringify({ issuer: server!.url, more: 1 })));
    expect(await fetchIssuerMetadata(server.url)).toEqual({ issuer: server.url, more: 1 });
    expect(server.requests[0]!.path).toBe('/.well-known/openid-configuration');
  });

  test('that says it is another one is not believed', async () => {
    const url = await answering(200, { issuer: 'https://evil.example' });
    await expect(fetchIssuerMetadata(url)).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  test('of development gives a token for an e-mail address', async () => {
    const url = await answering(200, { id_token: 'a.b.c' });
    expect(await requestDevelopmentToken(`${url}/token`, 'you@example.org')).toBe('a.b.c');
    expect(sent()).toEqual({ email: 'you@example.org' });
  });

  test('of GitHub Actions gives the token of the job', async () => {
    const url = await answering(200, { value: 'a.b.c' });
    expect(await requestActionsToken(`${url}/?api-version=2.0`, 'secret', 'sigstore')).toBe('a.b.c');
    expect(server!.requests[0]!.path).toBe('/?api-version=2.0&audience=sigstore');
  });

  test('without a token in its answer is not understood', async () => {
    const url = await answering(200, { id_token: '' });
    await expect(requestDevelopmentToken(url, 'you@example.org')).rejects.toMatchObject({ code: 'unexpected-answer' });
  });
});

test('trust material that is not there is undefined', async () => {
  expect(await fetchTrustMaterial(await answering(404, ''))).toBeUndefined();
});

test.each([
  [200, true],
  [503, false],
  [404, undefined],
])('a service whose health answers %i is ready: %s', async (status, ready) => {
  const before = Math.floor(Date.now() / 1000) * 1000;
  const health = await fetchHealth(`${await answering(status, 'x')}/api/v1/timestamp`);
  expect(health.ready).toBe(ready);
  expect(server!.requests[0]!.path).toBe('/health/ready');
  expect(health.date!.getTime()).toBeGreaterThanOrEqual(before);
  expect(health.date!.getTime()).toBeLessThanOrEqual(Date.now());
});

test.each(['ftp://example.org', 'example.org', ''])('%j is no address of a service', async (url) => {
  await expect(fetchCheckpoint(url)).rejects.toMatchObject({ code: 'unreachable' });
});

describe('a file of a log', () => {
  test('is its bytes, or missing, or too large; any other answer is an error', async () => {
    server = await localServer((request, response) => {
      const status = { '/there': 200, '/gone': 410, '/broken': 500 }[request.url ?? ''] ?? 404;
      response.writeHead(status).end(bytes(32));
    });
    const { url } = server;
    expect(await fetchLogFile(url, 'there', 32)).toEqual(bytes(32));
    expect(await fetchLogFile(url, 'there', 31)).toBe('too-large');
    expect(await fetchLogFile(url, 'elsewhere', 32)).toBe('missing');
    expect(await fetchLogFile(url, 'gone', 32)).toBe('missing');
    await expect(fetchLogFile(url, 'broken', 32)).rejects.toMatchObject({ code: 'unexpected-answer', status: 500 });
  });
});
