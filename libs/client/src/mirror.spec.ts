import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { utf8Encode } from '#libs/crypto';
import { encodeAddEntriesHeader, formatMirrorInfo, type MirrorInfo } from '#libs/tlog';
import { localServer, type LocalServer } from '../../../test/local-server.js';
import { addEntries, uploadEntries, type UploadSource } from './mirror.js';

const code = (expected: string) => expect.objectContaining({ code: expected });
const HEADER = { origin: 'log.example.com', start: 3n, end: 3n, ticket: Uint8Array.of(1) };
const source: UploadSource = {
  origin: HEADER.origin,
  size: 600n,
  entries: async (from, to) => Array.from({ length: Number(to - from) }, () => utf8Encode('entry')),
  prove: async () => [],
};

let server: LocalServer;
afterEach(() => server.close());

/** A mirror that has these answers, the last one for ever. */
async function mirror(...answers: readonly (readonly [status: number, body: string])[]): Promise<string> {
  let next = 0;
  server = await localServer((_, response) => {
    const [status, body] = answers[Math.min(next++, answers.length - 1)] ?? [500, ''];
    response.writeHead(status).end(body);
  });
  return server.url;
}
const info = (size: bigint, nextEntry: bigint): string =>
  formatMirrorInfo({ size, nextEntry, ticket: Uint8Array.of(7) } satisfies MirrorInfo);

describe('an upload', () => {
  test('is sent compressed', async () => {
    const url = await mirror([404, 'who?\n']);
    expect(await addEntries(url, { ...HEADER, packages: [] })).toEqual({ kind: 'refused', status: 404, body: 'who?' });
    const [request] = server.requests;
    expect(request?.path).toBe('/add-entries');
    expect(new Uint8Array(gunzipSync(request?.body ?? ''))).toEqual(encodeAddEntriesHeader(HEADER));
  });

  test.each([
    [200, 'no signature'],
    [202, '1\n2\n'],
    [409, 'conflict'],
  ])('that is answered %d with %j is no answer', async (status, body) => {
    const url = await mirror([status, body]);
    await expect(addEntries(url, { ...HEADER, packages: [] })).rejects.toThrow(code('unexpected-answer'));
  });

  test('begins where the mirror says, with the ticket that it gave', async () => {
    const url = await mirror([409, info(600n, 256n)], [202, info(600n, 512n)], [403, 'enough']);
    expect(await uploadEntries(url, source)).toMatchObject({ kind: 'refused', status: 403 });
    const sent = server.requests.map(({ body }) => new Uint8Array(gunzipSync(body)));
    const headers = [
      { ...HEADER, start: 600n, end: 600n, ticket: new Uint8Array(0) },
      { ...HEADER, start: 256n, end: 600n, ticket: Uint8Array.of(7) },
      { ...HEADER, start: 512n, end: 600n, ticket: Uint8Array.of(7) },
    ].map(encodeAddEntriesHeader);
    expect(sent.map((body, i) => body.subarray(0, headers[i]?.length))).toEqual(headers);
  });

  test('ends when the mirror wants entries of another checkpoint', async () => {
    const url = await mirror([409, info(700n, 0n)]);
    expect(await uploadEntries(url, source)).toMatchObject({ kind: 'conflict', info: { size: 700n } });
  });

  test('ends when the mirror takes nothing', async () => {
    const url = await mirror([202, info(600n, 0n)]);
    await expect(uploadEntries(url, source)).rejects.toThrow(code('unexpected-answer'));
    expect(server.requests.length).toBeLessThan(10);
  });

  test('ends when the mirror goes forward and back for ever', async () => {
    const rounds = Array.from({ length: 200 }, (_, i) => [202, info(600n, i % 2 === 0 ? 0n : 256n)] as const);
    const url = await mirror(...rounds, [403, 'never']);
    await expect(uploadEntries(url, source)).rejects.toThrow(code('unexpected-answer'));
    expect(server.requests.length).toBeLessThan(100);
  });
});
