import { afterEach, describe, expect, test } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { localServer, type LocalServer } from '../../../test/local-server.js';
import { exchange, type ServiceRequest } from './exchange.js';
import { exchangePatiently, retryAfterMs } from './patience.js';

let server: LocalServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const request = (url: string, more: Partial<ServiceRequest> = {}): ServiceRequest => ({
  service: 'the log',
  url,
  method: 'GET',
  maxBytes: 1000,
  ...more,
});

describe('one exchange', () => {
  test('a status that is no success is an answer, not an error', async () => {
    server = await localServer((_, response) => response.writeHead(418).end('short and stout'));
    const answer = await exchange(request(server.url));
    expect(answer.status).toBe(418);
    expect(new TextDecoder().decode(answer.body)).toBe('short and stout');
  });

  test('an answer of exactly the limit is read', async () => {
    server = await localServer((_, response) => response.end(Buffer.alloc(1000)));
    expect((await exchange(request(server.url))).body).toHaveLength(1000);
  });

  test('an answer over the limit is cut off while it streams', async () => {
    server = await localServer((_, response) => {
      const more = setInterval(() => response.write(Buffer.alloc(600)), 5); // never ends
      response.on('close', () => clearInterval(more));
    });
    await expect(exchange(request(server.url))).rejects.toMatchObject({ code: 'too-large', status: 200 });
  });

  test('the limit counts what gzip expands to', async () => {
    server = await localServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(100_000)));
    });
    await expect(exchange(request(server.url))).rejects.toMatchObject({ code: 'too-large' });
  });

  test('a service that does not answer is a timeout', async () => {
    server = await localServer(() => undefined);
    await expect(exchange(request(server.url), { timeoutMs: 50 })).rejects.toMatchObject({ code: 'timeout' });
  });

  test('a service that stops in the middle of its answer is a timeout', async () => {
    server = await localServer((_, response) => void response.write('half'));
    await expect(exchange(request(server.url), { timeoutMs: 100 })).rejects.toMatchObject({ code: 'timeout' });
  });

  test('a connection that breaks in the middle of the answer is unreachable', async () => {
    server = await localServer((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    });
    await expect(exchange(request(server.url))).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('where nobody listens, the message names the reason', async () => {
    server = await localServer(() => undefined);
    const { url } = server;
    await server.close();
    await expect(exchange(request(url))).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('an abort throws the reason of the signal', async () => {
    server = await localServer(() => undefined);
    const reason = new Error('interrupted');
    const abort = new AbortController();
    const answer = exchange(request(server.url), { signal: abort.signal });
    abort.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });

  test.each(
    (['GET', 'POST'] as const).flatMap((method) =>
      [301, 302, 303, 307, 308].map((status) => [method, status] as const),
    ),
  )('a %s does not follow a redirect: %d', async (method, status) => {
    const inside = await localServer((_, response) => response.end('secret'));
    try {
      for (const location of [`${inside.url}/admin`, '/elsewhere', '//x', undefined]) {
        server = await localServer((_, response) => response.writeHead(status, location ? { location } : {}).end('x'));
        const asked = exchange(request(server.url, { method, ...(method === 'POST' && { body: 'token' }) }));
        await expect(asked).rejects.toMatchObject({
          code: 'redirected',
          status: undefined,
          message: expect.stringContaining(location ?? 'elsewhere'),
        });
        expect(server.requests).toHaveLength(1);
        await server.close();
      }
      expect(inside.requests).toHaveLength(0);
    } finally {
      await inside.close();
    }
  });

  test('what a redirect says can not steer a terminal, and is cut', async () => {
    server = await localServer((_, response) => {
      response.socket?.end(
        `HTTP/1.1 302 Found\r\nlocation: /\x9b31m${'x'.repeat(5_000)}\r\ncontent-length: 0\r\n\r\n`,
        'latin1',
      );
    });
    const { message } = (await exchange(request(server.url)).catch((error: unknown) => error)) as Error;
    expect(message).toMatch(/redirects to "\/\?31mx+" \(HTTP 302\), which is not followed/);
    expect(message.length).toBeLessThan(500);
  });

  test('a status of the 300s that is no redirect is an answer', async () => {
    server = await localServer((_, response) => response.writeHead(304).end());
    expect((await exchange(request(server.url))).status).toBe(304);
  });
});

describe('patience', () => {
  test('a busy service is asked again after the pause it names', async () => {
    let asked = 0;
    server = await localServer((_, response) => {
      if (++asked < 3) response.writeHead(503, { 'retry-after': '0' }).end();
      else response.end('done');
    });
    expect((await exchangePatiently(request(server.url))).status).toBe(200);
    expect(server.requests).toHaveLength(3);
  });

  test('the pause is really kept', async () => {
    let asked = 0;
    server = await localServer((_, response) => {
      if (++asked === 1) response.writeHead(429, { 'retry-after': '1' }).end();
      else response.end('done');
    });
    const start = performance.now();
    await exchangePatiently(request(server.url));
    expect(performance.now() - start).toBeGreaterThan(950);
  });

  test('a service that stays busy is rate-limited, with its message, after the last try', async () => {
    server = await localServer((_, response) =>
      response.writeHead(503, { 'retry-after': '0' }).end('{"code":14,"message":"the pool is full"}'),
    );
    await expect(exchangePatiently(request(server.url), { tries: 2 })).rejects.toMatchObject({
      code: 'rate-limited',
      status: 503,
      retryAfterMs: 0,
      message: expect.stringContaining('the pool is full'),
    });
    expect(server.requests).toHaveLength(2);
  });

  test('a pause over the limit is not waited for', async () => {
    server = await localServer((_, response) => response.writeHead(503, { 'retry-after': '3600' }).end());
    await expect(exchangePatiently(request(server.url))).rejects.toMatchObject({
      code: 'rate-limited',
      retryAfterMs: 3_600_000,
    });
    expect(server.requests).toHaveLength(1);
  });

  test('an abort ends the pause', async () => {
    server = await localServer((_, response) => response.writeHead(503, { 'retry-after': '20' }).end());
    const reason = new Error('interrupted');
    const abort = new AbortController();
    setTimeout(() => abort.abort(reason), 100);
    await expect(exchangePatiently(request(server.url), { signal: abort.signal })).rejects.toBe(reason);
  });

  test.each([
    ['7', 7_000],
    ['Thu, 01 Jan 1970 00:01:05 GMT', 5_000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 0],
    ['soon', undefined],
    ['-1', undefined],
  ])('Retry-After: %s', (value, ms) => {
    expect(retryAfterMs(new Headers({ 'retry-after': value }), 60_000)).toBe(ms);
  });
});
