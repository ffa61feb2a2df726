import { connect } from 'node:net';
import { Body, Controller, Get, HttpCode, Module, Post, Req } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HttpError } from './http-error.js';
import { createLogger } from './logger.js';
import { startService, type RunningService, type Service } from './service.js';
import { readSettings, serviceSettings } from './settings.js';

@Controller()
class EchoController {
  @Post('echo')
  @HttpCode(200)
  echo(@Body() body: unknown): { kind: string; bytes?: number } {
    return Buffer.isBuffer(body) ? { kind: 'bytes', bytes: body.length } : { kind: typeof body };
  }

  @Get('socket')
  socket(@Req() { raw }: FastifyRequest): { timeout: number | undefined } {
    return { timeout: raw.socket.timeout };
  }

  @Get('rpc/refused')
  refused(): never {
    throw new HttpError(400, 'the digest is too short', { rpcCode: 3, headers: { 'retry-after': '1' } });
  }

  @Get('rpc/broken')
  broken(): never {
    throw new Error('a secret detail');
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

const quiet = createLogger('echo', { write: () => undefined });

function echo(bodies: NonNullable<Service['bodies']>): Promise<RunningService> {
  const service: Service = {
    name: 'echo',
    config: { host: '127.0.0.1', port: 0, profile: 'development' },
    module: (context) => {
      context.readiness.add('store', () => (bodies === 'bytes' ? 'the store is away' : undefined));
      return { module: EchoModule };
    },
    errors: (path) => (path.startsWith('/rpc') ? 'rpc-status' : path.startsWith('/echo') ? 'plain' : 'problem'),
    bodyLimit: 1000,
    bodies,
  };
  return startService(service, quiet);
}

describe('a service', () => {
  let json: RunningService;
  let bytes: RunningService;
  let either: RunningService;

  beforeAll(async () => {
    [json, bytes, either] = await Promise.all([echo('json'), echo('bytes'), echo('json-or-bytes')]);
  });
  afterAll(() => Promise.all([json, bytes, either].map((service) => service.close())));

  function post(service: RunningService, body: string, type?: string): Promise<Response> {
    return fetch(`${service.url}/echo`, {
      method: 'POST',
      body: new TextEncoder().encode(body),
      headers: type ? { 'content-type': type } : {},
    });
  }

  test('parses JSON whatever the content type says, or hands over bytes, as it was told', async () => {
    for (const type of [undefined, 'application/json; charset=utf-8', 'text/plain', 'application/x-made-up']) {
      expect(await (await post(json, '{}', type)).json()).toEqual({ kind: 'object' });
      expect(await (await post(bytes, '\xff{}', type)).json()).toEqual({ kind: 'bytes', bytes: 4 });
    }
    expect(await (await post(either, '{}', 'application/json')).json()).toEqual({ kind: 'object' });
    expect(await (await post(either, '{}', 'application/timestamp-query')).json()).toEqual({ kind: 'bytes', bytes: 2 });
  });

  test.each([
    ['malformed JSON', '{"a":', 400],
    ['an attempt on the prototype', '{"__proto__":{}}', 400],
    ['a body over the limit', `"${'x'.repeat(2000)}"`, 413],
  ])('refuses %s in the format of the path', async (_what, body, status) => {
    const answer = await post(json, body, 'application/json');
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  });

  test('writes errors as google.rpc.Status, plain text or RFC 9457, by path', async () => {
    const refused = await fetch(`${json.url}/rpc/refused`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([400, '1']);
    expect(await refused.json()).toEqual({ code: 3, message: 'the digest is too short', details: [] });
    const missing = await fetch(`${json.url}/nowhere`);
    expect(missing.headers.get('content-type')).toMatch('application/problem+json');
    expect(await missing.json()).toMatchObject({ status: 404, title: 'Cannot GET /nowhere' });
  });

  test('tells nothing about an error that it did not expect', async () => {
    const broken = await fetch(`${json.url}/rpc/broken`);
    expect(broken.status).toBe(500);
    expect(await broken.json()).toEqual({ code: 13, message: 'internal error', details: [] });
  });

  test('has health and metrics on its own port', async () => {
    expect((await fetch(`${json.url}/health/live`)).status).toBe(200);
    expect((await fetch(`${json.url}/health/ready`)).status).toBe(200);
    const notReady = await fetch(`${bytes.url}/health/ready`);
    expect(notReady.status).toBe(503);
    expect(await notReady.text()).toMatch('the store is away');
    expect(await (await fetch(`${json.url}/metrics`)).text()).toMatch(
      'http_request_duration_seconds_count{method="GET",route="/health/live",status="200"} 1',
    );
  });

  test('gives up a socket on which nothing moves while it answers', async () => {
    expect(await (await fetch(`${json.url}/socket`)).json()).toEqual({ timeout: 30_000 });
  });

  test('answers 408 to a client that is slower than 20 s', async () => {
    const socket = connect(json.port, '127.0.0.1');
    const answer = await new Promise<string>((resolve, reject) => {
      let received = '';
      socket.setEncoding('latin1').on('data', (data: string) => (received += data));
      socket.on('error', reject).on('close', () => resolve(received));
      socket.write(
        'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"slow"',
      );
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe('settings', () => {
  const schema = z.strictObject({ ...serviceSettings, dataDirectory: z.string() });

  test('are read from the environment by their prefix', () => {
    const env = {
      TALLY_ECHO_PROFILE: 'production',
      TALLY_ECHO_PORT: '80',
      TALLY_ECHO_DATA_DIRECTORY: '/data',
      TALLY_OTHER_X: '1',
    };
    expect(readSettings('TALLY_ECHO_', schema, env)).toEqual({
      profile: 'production',
      host: '127.0.0.1',
      port: 80,
      dataDirectory: '/data',
    });
  });

  test('that are missing, wrong or unknown are all named', () => {
    const read = (): unknown =>
      readSettings('TALLY_ECHO_', schema, {
        TALLY_ECHO_PORT: 'x',
        TALLY_ECHO_DATA_DIRECTORY: '/d',
        TALLY_ECHO_DATADIR: '1',
      });
    expect(read).toThrow(/TALLY_ECHO_PROFILE.*\n.*TALLY_ECHO_PORT.*\n.*TALLY_ECHO_DATADIR: there is no such setting/);
  });
});
