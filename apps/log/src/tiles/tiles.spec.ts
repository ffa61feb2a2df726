import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { parseEntryBundle } from '#libs/tlog';
import { logService } from '../log.module.js';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rawBytes = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describe('the files of a log', () => {
  let folder: string;
  let service: RunningService;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-tiles-'));
    const keyFile = join(folder, 'key');
    await openKeyFile(keyFile, { role: 'rekor-log', algorithm: 'ed25519', profile: 'development', create: true });
    const env = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      kind: 'rekor',
      origin: 'rekor-test.tally.localhost',
      inception: new Date(),
      dataDirectory: join(folder, 'data'),
      keyFile,
      markFile: join(folder, 'mark'),
      poolLimit: 4096,
      checkpointIntervalMs: 0,
    } as const;
    service = await startService(logService(env), createLogger('log', { write: () => undefined }));
    await addUpTo(200);
  });
  afterAll(async () => {
    await service.close();
    await rm(folder, { recursive: true });
  });

  let added = 0;
  async function addUpTo(size: number): Promise<void> {
    const add = async (artifact: string): Promise<void> => {
      const content = sign('sha256', Buffer.from(artifact), privateKey).toString('base64');
      const verifier = { publicKey: { rawBytes }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' };
      const digest = createHash('sha256').update(artifact).digest('base64');
      const answer = await fetch(`${service.url}/api/v2/log/entries`, {
        method: 'POST',
        body: JSON.stringify({ hashedRekordRequestV002: { digest, signature: { content, verifier } } }),
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status).toBe(201);
    };
    await Promise.all(Array.from({ length: size - added }, (_, i) => add(`file ${added + i}`)));
    added = size;
  }

  /** As it comes: fetch would ask for compression, and undo it. */
  function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = httpRequest({ port: service.port, path: `/${path}`, method, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      asked.on('error', reject).end();
    });
  }

  test.each(['checkpoint', 'api/v2/checkpoint'])('%s is text that may be cached for a second', async (path) => {
    const { status, headers, body } = await ask(path);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'public, max-age=1',
      etag: `"${createHash('sha256').update(body).digest('hex')}"`,
    });
    expect(body.toString()).toMatch(/^rekor-test.tally.localhost\n200\n/);
  });

  test.each(['tile/0/000.p/200', 'api/v2/tile/0/000.p/200', 'tile/entries/000.p/200', 'tile/entries/000.p/200?x=1'])(
    '%s never changes, and has a strong tag',
    async (path) => {
      const { status, headers, body } = await ask(path);
      expect(status).toBe(200);
      expect(headers).toMatchObject({
        'content-type': 'application/octet-stream',
        'cache-control': 'public, max-age=31536000, immutable',
        'content-length': String(body.length),
        'accept-ranges': 'bytes',
        etag: `"${createHash('sha256').update(body).digest('hex')}"`,
      });
      expect(headers['content-encoding']).toBeUndefined();
    },
  );

  test.each(['checkpoint', 'tile/0/000.p/200', 'tile/entries/000.p/200'])(
    '%s is not sent to who has it',
    async (path) => {
      const { headers } = await ask(path);
      const etag = headers.etag ?? '';
      for (const value of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const { status, body, headers: said } = await ask(path, { 'if-none-match': value });
        expect([status, body.length, said.etag, said['cache-control']]).toEqual([
          304,
          0,
          etag,
          headers['cache-control'],
        ]);
      }
      expect((await ask(path, { 'if-none-match': '"x"' })).status).toBe(200);
    },
  );

  test.each(['checkpoint', 'tile/0/000.p/200', 'tile/entries/000.p/200'])('HEAD of %s is its headers', async (path) => {
    const { headers, body } = await ask(path);
    const head = await ask(path, { range: 'bytes=0-1' }, 'HEAD');
    expect([head.status, head.body.length, head.headers['content-length']]).toEqual([200, 0, String(body.length)]);
    expect([head.headers.etag, head.headers['content-type']]).toEqual([headers.etag, headers['content-type']]);
    expect((await ask(path, { 'if-none-match': headers.etag ?? '' }, 'HEAD')).status).toBe(304);
  });

  describe('a range', () => {
    const path = 'tile/0/000.p/200';
    test.each([
      ['bytes=64-95', 64, 95],
      ['bytes=6336-', 6336, 6399],
      ['bytes=-32', 6368, 6399],
    ])('%s is that part', async (range, first, last) => {
      const { body: whole } = await ask(path);
      const { status, headers, body } = await ask(path, { range });
      expect([status, headers['content-range']]).toEqual([206, `bytes ${first}-${last}/6400`]);
      expect(body.equals(whole.subarray(first, last + 1))).toBe(true);
    });

    test('that is not there is 416, and not to be kept', async () => {
      const { status, headers } = await ask(path, { range: 'bytes=6400-' });
      expect([status, headers['content-range'], headers['cache-control']]).toEqual([416, 'bytes */6400', 'no-store']);
      expect((await ask(path, { range: 'bytes=9-3' })).status).toBe(416);
    });

    test('of another version, of several parts or of another unit is the whole', async () => {
      const { headers } = await ask(path);
      const ignored: Record<string, string>[] = [
        { 'if-range': '"x"', range: 'bytes=0-1' },
        { range: 'bytes=0-1,3-4' },
        { range: 'hashes=0-1' },
      ];
      for (const asked of ignored) {
        const { status, body } = await ask(path, asked);
        expect([status, body.length]).toEqual([200, 6400]);
      }
      expect((await ask(path, { 'if-range': headers.etag ?? '', range: 'bytes=0-1' })).status).toBe(206);
    });

    test('of a bundle is of its entries, not of their compressed form', async () => {
      const whole = (await ask('tile/entries/000.p/200')).body;
      const { headers, body } = await ask('tile/entries/000.p/200', { range: 'bytes=0-99', 'accept-encoding': 'gzip' });
      expect(headers['content-encoding']).toBeUndefined();
      expect(body.equals(whole.subarray(0, 100))).toBe(true);
    });
  });

  test('an entry bundle is compressed for who takes that, and has a tag of its own then', async () => {
    const plain = await ask('tile/entries/000.p/200', { 'accept-encoding': 'identity' });
    for (let i = 0; i < 2; i++) {
      const { status, headers, body } = await ask('tile/entries/000.p/200', { 'accept-encoding': 'br, gzip' });
      expect([status, headers['content-encoding'], headers.vary]).toEqual([200, 'gzip', 'accept-encoding']);
      expect(body.length).toBeLessThan(plain.body.length * 0.8);
      expect(gunzipSync(body).equals(plain.body)).toBe(true);
      expect(headers.etag).not.toBe(plain.headers.etag);
      const again = await ask('tile/entries/000.p/200', {
        'accept-encoding': 'gzip',
        'if-none-match': headers.etag ?? '',
      });
      expect(again.status).toBe(304);
    }
    expect(plain.headers.vary).toBe('accept-encoding');
  });

  test('a hash tile is not: hashes do not compress', async () => {
    const { headers } = await ask('tile/0/000.p/200', { 'accept-encoding': 'gzip' });
    expect([headers['content-encoding'], headers.vary]).toEqual([undefined, undefined]);
  });

  test.each([
    'tile/0/001',
    'tile/0/000',
    'tile/0/000.p/256',
    'tile/0/0',
    'tile/../key',
    'tile/%2e%2e/key',
    'tile/0/../../tile/0/000.p/200',
    'tile/0%2f000.p/200',
    'issuer/x',
  ])('%s is not there, and that is not kept for long', async (path) => {
    const { status, headers, body } = await ask(path);
    expect([status, headers['cache-control'], headers.etag]).toEqual([404, 'public, max-age=1', undefined]);
    expect([headers['content-type'], body.toString()]).toEqual([
      'text/plain; charset=utf-8',
      'there is no such tile\n',
    ]);
  });

  test('behind /api the refusal is a google.rpc.Status', async () => {
    const { status, body } = await ask('api/v2/tile/0/001');
    expect([status, JSON.parse(body.toString())]).toEqual([
      404,
      { code: 5, message: 'there is no such tile', details: [] },
    ]);
  });

  test('a partial file is gone once the full one is there', async () => {
    const partial = ['tile/0/000.p/200', 'tile/entries/000.p/200'];
    for (const path of partial) expect((await ask(path)).status).toBe(200);
    await addUpTo(300);
    for (const path of partial) expect((await ask(path)).status).toBe(404);
    expect((await ask('tile/0/000')).body.length).toBe(8192);
    expect(parseEntryBundle((await ask('tile/entries/000')).body).length).toBe(256);
    expect((await ask('checkpoint')).body.toString()).toMatch(/\n300\n/);
  });
});
