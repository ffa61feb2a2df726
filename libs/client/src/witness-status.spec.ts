import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { localServer, type LocalServer } from '../../../test/local-server.js';
import { fetchEvidence, fetchWitnessStatus } from './witness-status.js';

let server: LocalServer;
let answer: { status?: number; type?: string; body: string };

beforeAll(async () => {
  server = await localServer((_, response) =>
    response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json' }).end(answer.body),
  );
});
afterAll(() => server.close());

describe('a status', () => {
  test('is read, whatever else there is in it', async () => {
    const log = {
      origin: 'log.example',
      size: '9223372036854775807',
      cosignedAt: '2026-11-22T05:10:11Z',
      frozen: true,
    };
    const never = { origin: 'new.example', size: null, cosignedAt: null };
    const frozen = { origin: 'log.example', key: 'k', reason: 'two trees', evidencePath: '/evidence/ab' };
    answer = {
      body: JSON.stringify({
        name: 'w',
        keys: [{ algorithm: 'ed25519', verifierKey: 'w+00000000+AA==' }],
        logs: { count: 2, shown: [log, never], more: {} },
        frozen: [frozen],
        peers: [{ id: 'p', address: '/ip4/127.0.0.1/tcp/1', witness: { name: 'x' } }],
        answers: {},
      }),
    };
    expect(await fetchWitnessStatus(server.url)).toEqual({
      name: 'w',
      profile: '',
      startedAt: undefined,
      verifierKeys: ['w+00000000+AA=='],
      logCount: 2n,
      logs: [
        { origin: 'log.example', size: 2n ** 63n - 1n, cosignedAt: new Date('2026-11-22T05:10:11Z'), frozen: true },
        { origin: 'new.example', size: undefined, cosignedAt: undefined, frozen: false },
      ],
      frozen: [frozen],
      outdated: [],
      peers: [{ id: 'p', address: '/ip4/127.0.0.1/tcp/1', witness: '' }],
    });
    expect(server.requests.at(-1)?.path).toBe('/status');
  });

  test.each([
    ['none of it', { status: 404, body: 'no' }],
    ['the page of another program', { type: 'text/html', body: '<!doctype html>' }],
  ])('is undefined where there is %s', async (_, given) => {
    answer = given;
    expect(await fetchWitnessStatus(server.url)).toBeUndefined();
  });

  test.each(['[]', '{', '{"name":1}', '{"logs":{"shown":[{"size":"-1"}]}}'])(
    '%s is an unexpected answer',
    async (body) => {
      answer = { body };
      await expect(fetchWitnessStatus(server.url)).rejects.toMatchObject({ code: 'unexpected-answer' });
    },
  );
});

describe('evidence', () => {
  test('is fetched from the witness itself', async () => {
    answer = { type: 'text/plain', body: 'evidence' };
    expect(await fetchEvidence(server.url, '/evidence/ab')).toEqual(new Uint8Array(Buffer.from('evidence')));
    expect(server.requests.at(-1)?.path).toBe('/evidence/ab');
  });

  test.each(['http://elsewhere.example/', '//elsewhere.example', '/a?b', ''])('and not from %j', async (path) => {
    await expect(fetchEvidence(server.url, path)).rejects.toMatchObject({ code: 'unexpected-answer' });
  });

  test('is too large when it is larger than any', async () => {
    answer = { body: 'x'.repeat(128 * 1024 + 1) };
    await expect(fetchEvidence(server.url, '/e')).rejects.toMatchObject({ code: 'too-large' });
  });
});
