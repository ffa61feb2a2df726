import { once } from 'node:events';
import { connect } from 'node:net';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { concatBytes, utf8Encode } from '#libs/crypto';
import { addEntries, fetchLogFile, uploadEntries } from '#libs/client';
import { proveSubtreeConsistency } from '#libs/merkle';
import {
  KEY_TYPE,
  formatSignatureLine,
  formatVerifierKey,
  openNote,
  parseSignatureLines,
  verifierKey,
  type NoteVerifier,
} from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { generateSigner, type Signer } from '#libs/signer';
import {
  EMPTY_EDGE,
  cosignatureVerifier,
  encodeAddEntriesHeader,
  encodeEntryPackage,
  formatCheckpoint,
  logVerifier,
  openCheckpoint,
  parseCosignature,
  originHash,
  parseMirrorInfo,
  rederive,
} from '#libs/tlog';
import { invoke } from '../../../cli/src/testing/invoke.js';
import { MirrorModule } from './mirror.module.js';
import type { MirrorOptions } from './mirror-options.js';
import { EntryLog } from './testing/entry-log.js';

const NAME = 'mirror.example.org/m1';
const MIRROR_INFO = 'text/x.tlog.mirror-info';
const quiet = createLogger('mirror', { write: () => undefined });

// Every test has a log of its own, and the mirror knows them all.
const logs = new Map(
  [
    'whole',
    'steps',
    'fork',
    'proof',
    'status',
    'late',
    'bomb',
    'overtaken',
    'fresh',
    'cut',
    'ticket',
    'restart',
    'served',
    'race',
    'convicted',
  ].map((name) => [name, new EntryLog(`log.example.com/${name}`, 1000)]),
);
const log = (name: string): EntryLog => logs.get(name) as EntryLog;

let directory: string;
let mlDsa44: Signer;
let signers: MirrorOptions['signers'];
let mirror: RunningService;
let now = 1_700_000_000n;
/** Origins that somebody has found lying. */
const convicted = new Set<string>();
const start = (): Promise<RunningService> =>
  startService(
    {
      name: 'mirror',
      config: { profile: 'development', host: '127.0.0.1', port: 0 },
      module: (context) =>
        MirrorModule.with(
          async () => ({
            name: NAME,
            signers,
            directory,
            now: () => now,
            observer: {
              refuses: ({ checkpoint }) => (convicted.has(checkpoint.origin) ? 'it has two histories' : undefined),
              seen: () => undefined,
            },
            logs: [...logs.values()].map(({ origin, signer }) => ({ origin, keys: [signer.key] })),
          }),
          context,
        ),
      errors: () => 'plain',
      bodies: 'bytes',
    },
    quiet,
  );

const url = (): string => `${mirror.url}/mirror`;
const served = ({ origin }: EntryLog): string => `${url()}/${originHash(origin)}`;
const verifiers = (of: EntryLog): NoteVerifier[] => [
  logVerifier(of.signer.key),
  cosignatureVerifier(verifierKey(NAME, KEY_TYPE.cosignature, signers.ed25519.publicKey.raw)),
  cosignatureVerifier(verifierKey(NAME, KEY_TYPE.mlDsa44Cosignature, mlDsa44.publicKey.raw)),
];

async function addCheckpoint(of: EntryLog, oldSize: number, size: number): Promise<Response> {
  return fetch(`${url()}/add-checkpoint`, {
    method: 'POST',
    body: (await of.addCheckpoint(oldSize, size)) as BodyInit,
  });
}

interface Upload {
  readonly start: number;
  readonly end: number;
  readonly packages?: number;
  readonly ticket?: Uint8Array;
}

async function uploadBody(
  of: EntryLog,
  { start, end, packages = 99, ticket = new Uint8Array(0) }: Upload,
): Promise<Uint8Array> {
  const all = await of.packages(start, end);
  const header = { origin: of.origin, start: BigInt(start), end: BigInt(end), ticket };
  return concatBytes(encodeAddEntriesHeader(header), ...all.slice(0, packages).map(encodeEntryPackage));
}

const post = (body: Uint8Array, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url()}/add-entries`, {
    method: 'POST',
    body: body as BodyInit,
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });

const upload = async (of: EntryLog, request: Upload): Promise<Response> => post(await uploadBody(of, request));
const infoOf = async (response: Response): Promise<ReturnType<typeof parseMirrorInfo>> => {
  expect(response.headers.get('content-type')).toBe(MIRROR_INFO);
  return parseMirrorInfo(new Uint8Array(await response.arrayBuffer()));
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'mirror-'));
  mlDsa44 = generateSigner('witness', 'ml-dsa-44');
  signers = { ed25519: generateSigner('witness', 'ed25519'), mlDsa44 };
  mirror = await start();
});
afterAll(async () => {
  await mirror.close();
  await rm(directory, { recursive: true });
});

/** The size and the verified lines of what is served. */
async function head(of: EntryLog): Promise<{ size: bigint; lines: number }> {
  const response = await fetch(`${served(of)}/checkpoint`);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  const opened = openCheckpoint(new Uint8Array(await response.arrayBuffer()), verifiers(of));
  return { size: opened.checkpoint.size, lines: opened.verified.length };
}

/** Nothing differs when all that is served is derived anew. */
async function expectWhole(of: EntryLog, size: number): Promise<void> {
  const fetch = (path: string, maxBytes: number): ReturnType<typeof fetchLogFile> =>
    fetchLogFile(served(of), path, maxBytes);
  const walk = rederive({ checkpoint: of.checkpoint(size), kind: 'entries', fetch, from: EMPTY_EDGE });
  for (;;) {
    const { done, value } = await walk.next();
    if (!done) continue;
    expect(value).toBeUndefined();
    return;
  }
}

describe('add-checkpoint', () => {
  test('moves the pending checkpoint, and signs nothing', async () => {
    const answer = await addCheckpoint(log('whole'), 0, 600);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect((await fetch(`${served(log('whole'))}/checkpoint`)).status).toBe(404);
    const again = await addCheckpoint(log('whole'), 0, 700);
    expect([again.status, again.headers.get('content-type'), await again.text()]).toEqual([
      409,
      'text/x.tlog.size',
      '600\n',
    ]);
    expect((await addCheckpoint(log('whole'), 600, 700)).status).toBe(200);
  });

  test('has the checks of a witness', async () => {
    const [fork, stranger] = [log('fork').forkAt(10), new EntryLog('log.example.com/unknown', 5)];
    expect((await addCheckpoint(log('fork'), 0, 300)).status).toBe(200);
    expect((await addCheckpoint(fork, 300, 300)).status).toBe(422);
    expect((await addCheckpoint(fork, 300, 400)).status).toBe(422);
    expect((await addCheckpoint(stranger, 0, 5)).status).toBe(404);
    expect((await addCheckpoint(new EntryLog(log('fork').origin, 400), 300, 400)).status).toBe(403);
  });
});

describe('add-entries', () => {
  test('of a whole checkpoint is answered with the cosignatures of the mirror', async () => {
    const one = log('steps');
    await addCheckpoint(one, 0, 700);
    const answer = await upload(one, { start: 0, end: 700 });
    expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([200, 'gzip']);
    const signatures = parseSignatureLines(await answer.text());
    const text = formatCheckpoint(one.checkpoint(700));
    expect(openNote({ text, signatures }, verifiers(one)).verified.map(({ name }) => name)).toEqual([NAME, NAME]);
    expect(await head(one)).toEqual({ size: 700n, lines: 3 });
    await expectWhole(one, 700);
  });

  test('goes on within a bundle, and in as many steps as the client likes', async () => {
    const one = log('late');
    await addCheckpoint(one, 0, 300);
    expect((await upload(one, { start: 0, end: 300 })).status).toBe(200);
    await addCheckpoint(one, 300, 900);
    const first = await upload(one, { start: 300, end: 900, packages: 1 });
    expect([first.status, await infoOf(first)]).toEqual([
      202,
      expect.objectContaining({ size: 900n, nextEntry: 512n }),
    ]);
    expect(await head(one)).toMatchObject({ size: 300n }); // what is served is what was cosigned
    expect((await upload(one, { start: 512, end: 900 })).status).toBe(200);
    await expectWhole(one, 900);
    // A client that knows nothing begins too early: what is held is skipped, and verified all the same.
    expect((await upload(one, { start: 256, end: 900 })).status).toBe(200);
  });

  test('has a status for each case', async () => {
    const one = log('status');
    expect((await upload(new EntryLog('log.example.com/unknown', 5), { start: 0, end: 5 })).status).toBe(404);
    expect((await upload(one, { start: 0, end: 300 })).status).toBe(422); // nothing is pending
    await addCheckpoint(one, 0, 300);
    const wrongEnd = await upload(one, { start: 0, end: 299 });
    expect([wrongEnd.status, await infoOf(wrongEnd)]).toEqual([
      409,
      expect.objectContaining({ size: 300n, nextEntry: 0n }),
    ]);
    expect((await upload(one, { start: 256, end: 300 })).status).toBe(409); // a gap
    expect((await upload(one, { start: 0, end: 300, packages: 0 })).status).toBe(400);
    expect((await post(utf8Encode('x'))).status).toBe(400);
    expect((await post(new Uint8Array(0))).status).toBe(400);
    expect((await post(utf8Encode('x'), { 'content-encoding': 'br' })).status).toBe(415);
    expect((await post(utf8Encode('no gzip'), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await upload(one, { start: 0, end: 300 })).status).toBe(200);
    await addCheckpoint(one, 300, 400);
    await upload(one, { start: 300, end: 400 });
    expect((await upload(one, { start: 0, end: 300 })).status).toBe(409); // never back
    expect((await upload(one, { start: 400, end: 400 })).status).toBe(200); // all of it was there
  });

  test('saves what precedes the package that is wrong, and nothing of that one', async () => {
    const one = log('proof');
    await addCheckpoint(one, 0, 1000);
    const [first, second, third, last] = await one.packages(0, 1000);
    const send = async (start: number, ...packages: NonNullable<typeof first>[]): Promise<Response> => {
      const header = { origin: one.origin, start: BigInt(start), end: 1000n, ticket: new Uint8Array(0) };
      return post(concatBytes(encodeAddEntriesHeader(header), ...packages.map(encodeEntryPackage)));
    };
    if (!first || !second || !third || !last) throw new Error('there are four');
    const wrong = { ...second, entries: [utf8Encode('another'), ...second.entries.slice(1)] };
    expect((await send(0, first, wrong, third, last)).status).toBe(422);
    expect((await send(256, { ...second, proof: second.proof.slice(1) })).status).toBe(422);
    expect((await send(256, third)).status).toBe(422); // another place
    expect((await send(256, second, third, last)).status).toBe(200);
    await expectWhole(one, 1000);
  });

  test('takes gzip, and no more of it than it needs', async () => {
    const one = log('bomb');
    await addCheckpoint(one, 0, 300);
    const body = await uploadBody(one, { start: 0, end: 300 });
    // A gigabyte of zeros: entries without bytes, which no proof leads to.
    const header = encodeAddEntriesHeader({ origin: one.origin, start: 0n, end: 300n, ticket: new Uint8Array(0) });
    const zeros = gzipSync(Buffer.alloc(16 * 1024 * 1024));
    const before = process.memoryUsage.rss();
    const bomb = await post(Buffer.concat([gzipSync(header), ...Array.from({ length: 64 }, () => zeros)]), {
      'content-encoding': 'gzip',
    });
    expect(bomb.status).toBe(422);
    expect(process.memoryUsage.rss() - before).toBeLessThan(256 * 1024 * 1024);
    expect((await post(gzipSync(body), { 'content-encoding': 'gzip' })).status).toBe(200);
  });

  test('that breaks off keeps its whole packages', async () => {
    const one = log('cut');
    await addCheckpoint(one, 0, 1000);
    const body = await uploadBody(one, { start: 0, end: 1000 });
    let next = 0n;
    // What the mirror had not yet read when the connection broke is gone with it: on a busy machine that may be all.
    for (let ms = 50; next < 768n; ms *= 2) {
      const socket = connect(mirror.port, '127.0.0.1');
      await once(socket, 'connect');
      const head = ['POST /mirror/add-entries HTTP/1.1', 'host: x', `content-length: ${body.length}`, '', ''];
      socket.write(head.join('\r\n'));
      socket.write(body.subarray(0, body.length - 100));
      await new Promise((resolve) => setTimeout(resolve, ms));
      socket.destroy();
      await new Promise((resolve) => setTimeout(resolve, 2 * ms));
      next = (await infoOf(await upload(one, { start: 1000, end: 1000 }))).nextEntry;
    }
    expect(next).toBe(768n);
    expect((await upload(one, { start: 768, end: 1000 })).status).toBe(200);
  });

  test('towards a checkpoint that is no longer pending needs a ticket of the mirror', async () => {
    const one = log('ticket');
    await addCheckpoint(one, 0, 600);
    const first = await infoOf(await upload(one, { start: 0, end: 600, packages: 1 }));
    await addCheckpoint(one, 600, 1000);
    expect((await upload(one, { start: 256, end: 600 })).status).toBe(409);
    const forged = first.ticket.slice();
    forged[40] = (forged[40] ?? 0) ^ 1;
    expect((await upload(one, { start: 256, end: 600, ticket: forged })).status).toBe(409);
    expect((await upload(log('whole'), { start: 0, end: 600, ticket: first.ticket })).status).toBe(409);
    expect((await upload(one, { start: 256, end: 600, ticket: first.ticket })).status).toBe(200);
    expect(await head(one)).toMatchObject({ size: 600n });
    expect((await upload(one, { start: 600, end: 1000 })).status).toBe(200);
  });

  test('that others have overtaken is sent on to the newest checkpoint', async () => {
    const one = log('overtaken');
    await addCheckpoint(one, 0, 300);
    const { ticket } = await infoOf(await upload(one, { start: 0, end: 300, packages: 1 }));
    await addCheckpoint(one, 300, 1000);
    await upload(one, { start: 256, end: 1000, packages: 1 });
    // Not 300 and 512: nobody can upload from 512 to 300.
    const info = await infoOf(await upload(one, { start: 300, end: 300, packages: 1, ticket: new Uint8Array(0) }));
    expect(info).toMatchObject({ size: 1000n, nextEntry: 512n });
    // What is held is cosigned all the same, within a bundle that has grown since.
    expect((await upload(one, { start: 300, end: 300, ticket })).status).toBe(200);
    await expectWhole(one, 300);
  });

  test('without entries, at the size that is cosigned, gets cosignatures with a fresh time', async () => {
    const one = log('fresh');
    await addCheckpoint(one, 0, 300);
    const first = await (await upload(one, { start: 0, end: 300 })).text();
    await addCheckpoint(one, 300, 1000);
    await upload(one, { start: 300, end: 1000, packages: 1 });
    expect(await (await upload(one, { start: 300, end: 300 })).text()).toBe(first);
    now += 60n;
    const later = parseSignatureLines(await (await upload(one, { start: 300, end: 300 })).text());
    expect(later.map(({ signature }) => parseCosignature(signature).timestamp)).toEqual([now, now]);
    const note = await (await fetch(`${served(one)}/checkpoint`)).text();
    expect(note.endsWith(later.map(formatSignatureLine).join(''))).toBe(true);
    now -= 1000n; // a clock that was set back does not make it older
    const same = parseSignatureLines(await (await upload(one, { start: 300, end: 300 })).text());
    expect(same).toEqual(later);
    now += 1000n;
  });

  test('of a log that was convicted meanwhile gets no cosignature, be its checkpoint pending or cosigned', async () => {
    const one = log('convicted');
    await addCheckpoint(one, 0, 300);
    expect((await upload(one, { start: 0, end: 300 })).status).toBe(200);
    await addCheckpoint(one, 300, 600);
    expect((await upload(one, { start: 300, end: 600, packages: 1 })).status).toBe(202);
    convicted.add(one.origin);
    now += 60n; // otherwise it would be given the cosignature that is there
    for (const range of [
      { start: 512, end: 600 },
      { start: 300, end: 300 },
    ]) {
      const answer = await upload(one, range);
      expect([answer.status, await answer.text()]).toEqual([404, 'it has two histories\n']);
    }
    expect((await head(one)).size).toBe(300n);
    convicted.delete(one.origin);
    expect((await upload(one, { start: 512, end: 600 })).status).toBe(200);
  });

  test('of another type is refused', async () => {
    expect((await post(new Uint8Array(0), { 'content-type': 'text/plain' })).status).toBe(415);
  });

  test('by many at once ends in one tree', async () => {
    const one = log('race');
    await addCheckpoint(one, 0, 700);
    const early = await infoOf(await upload(one, { start: 0, end: 700, packages: 1 }));
    await addCheckpoint(one, 700, 1000);
    const answers = await Promise.all([
      ...[0, 0, 256].map((start) => upload(one, { start, end: 700, ticket: early.ticket })),
      ...[0, 256, 0].map((start) => upload(one, { start, end: 1000 })),
    ]);
    for (const { status } of answers) expect([200, 409]).toContain(status);
    expect(await head(one)).toMatchObject({ size: 1000n });
    await expectWhole(one, 1000);
  });
});

describe('the client', () => {
  test('uploads all that is missing', async () => {
    const one = log('restart');
    const source = (size: number): Parameters<typeof uploadEntries>[1] => ({
      origin: one.origin,
      size: BigInt(size),
      entries: async (from, to) => one.entries.slice(Number(from), Number(to)),
      prove: (from, to) => proveSubtreeConsistency(from, to, BigInt(size), one.read(size)),
    });
    await addCheckpoint(one, 0, 600);
    expect(await uploadEntries(url(), source(600))).toMatchObject({
      kind: 'cosigned',
      lines: [{ name: NAME }, { name: NAME }],
    });
    expect(await uploadEntries(url(), source(700))).toMatchObject({ kind: 'conflict', info: { size: 600n } });
    await addCheckpoint(one, 600, 700);
    expect(await uploadEntries(url(), source(700))).toMatchObject({ kind: 'cosigned' });
    const unknown = { origin: 'x', start: 0n, end: 0n, ticket: new Uint8Array(0), packages: [] };
    expect(await addEntries(url(), unknown)).toMatchObject({ kind: 'refused', status: 404 });
  });

  test('goes on after a new start of the mirror, within a bundle', async () => {
    const one = log('restart');
    await addCheckpoint(one, 700, 1000);
    expect((await upload(one, { start: 700, end: 1000, packages: 1 })).status).toBe(202);
    const before = await (await fetch(`${served(one)}/checkpoint`)).text();
    await mirror.close();
    mirror = await start();
    expect(await (await fetch(`${served(one)}/checkpoint`)).text()).toBe(before);
    await expectWhole(one, 700);
    const info = await infoOf(await upload(one, { start: 1000, end: 1000 }));
    expect(info).toMatchObject({ nextEntry: 768n });
    expect((await upload(one, { start: 768, end: 1000, ticket: info.ticket })).status).toBe(200);
    await expectWhole(one, 1000);
  });
});

describe('what is served', () => {
  const one = log('served');
  beforeAll(async () => {
    await addCheckpoint(one, 0, 300);
    await upload(one, { start: 0, end: 300 });
  });

  test('can be cached for ever, but for the checkpoint', async () => {
    const tile = await fetch(`${served(one)}/tile/entries/001.p/44`);
    expect(tile.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(tile.headers.get('content-type')).toBe('application/octet-stream');
    const etag = tile.headers.get('etag') ?? '';
    const again = await fetch(`${served(one)}/tile/entries/001.p/44`, { headers: { 'if-none-match': etag } });
    expect([again.status, await again.text()]).toEqual([304, '']);
    const checkpoint = await fetch(`${served(one)}/checkpoint`);
    expect(checkpoint.headers.get('cache-control')).toBe('public, max-age=1');
    expect((await fetch(`${served(one)}/tile/0/000`, { method: 'HEAD' })).headers.get('content-length')).toBe('8192');
  });

  test.each(['tile/0/001', 'tile/0/000.p/256', 'tile/0/..%2f..%2fevents.sqlite', 'checkpoint/x', 'tile/data/000'])(
    'is no file %s',
    async (path) => expect((await fetch(`${served(one)}/${path}`)).status).toBe(404),
  );

  test('passes tally log fsck', async () => {
    const { exit, stdout } = await invoke([
      'log',
      'fsck',
      served(one),
      '--key',
      formatVerifierKey(one.signer.key),
      '--json',
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      authenticated: true,
      log: { origin: one.origin, treeSize: 300 },
    });
    expect(exit).toBe(0);
  });

  test('is counted', async () => {
    const metrics = await (await fetch(`${mirror.url}/metrics`)).text();
    expect(metrics).toMatch(/^mirror_add_entries_total\{status="200"\} [1-9]/m);
  });
});

describe('a copy that is damaged', () => {
  test('is named, and cosigned no more; the others are', async () => {
    const one = log('served');
    const path = join(directory, originHash(one.origin), 'tile/0/000');
    const bytes = await readFile(path);
    await mirror.close();
    await writeFile(path, Buffer.from(bytes).fill(1, 0, 1));
    mirror = await start();
    try {
      const ready = await fetch(`${mirror.url}/health/ready`);
      expect([ready.status, await ready.text()]).toEqual([503, expect.stringContaining(one.origin)]);
      expect((await upload(one, { start: 300, end: 300 })).status).toBe(503);
      expect((await upload(log('steps'), { start: 700, end: 700 })).status).toBe(200);
    } finally {
      await writeFile(path, bytes);
    }
    expect((await upload(one, { start: 300, end: 300 })).status).toBe(200);
    expect((await fetch(`${mirror.url}/health/ready`)).status).toBe(200);
  });
});
