import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBase64 } from '#crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryEventStore, SqliteEventStore, type Appended, type Expected, type NewEvent } from '#libs/event-store';
import { hashLeaf, verifyConsistency, verifyInclusion } from '#libs/merkle';
import { KEY_TYPE, noteVerifier, verifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { openCheckpoint, parseEntryBundle, type Checkpoint } from '#libs/tlog';
import { parseTlogEntry } from '#libs/verify';
import type { LogConfig } from './config.js';
import { logService } from './log.module.js';
import type { LogParts } from './log.js';

const ORIGIN = 'rekor-test.tally.localhost';
const quiet = createLogger('log', { write: () => undefined });
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

interface HashedRekordRequest {
  hashedRekordRequestV002: {
    digest: string;
    signature: { content: string; verifier: { publicKey: { rawBytes: string }; keyDetails: string } };
  };
}

function request(
  artifact: string,
  { publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject } = keys,
): HashedRekordRequest {
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    hashedRekordRequestV002: {
      digest: createHash('sha256').update(artifact).digest('base64'),
      signature: {
        content: sign('sha256', Buffer.from(artifact), privateKey).toString('base64'),
        verifier: { publicKey: { rawBytes: spki.toString('base64') }, keyDetails: 'PKIX_ECDSA_P256_SHA_256' },
      },
    },
  };
}

function post(service: RunningService, body: unknown): Promise<Response> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${service.url}/api/v2/log/entries`, {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json' },
  });
}

describe('a rekor log', () => {
  let folder: string;
  let config: LogConfig;
  let running: RunningService | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-log-'));
    config = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      kind: 'rekor',
      origin: ORIGIN,
      inception: new Date(),
      dataDirectory: join(folder, 'data'),
      keyFile: join(folder, 'key'),
      markFile: join(folder, 'mark'),
      poolLimit: 4096,
      checkpointIntervalMs: 0,
    };
    await openKeyFile(config.keyFile, {
      role: 'rekor-log',
      algorithm: 'ed25519',
      profile: 'development',
      create: true,
    });
  });
  afterEach(async () => {
    await running?.close();
    running = undefined;
    await rm(folder, { recursive: true });
  });

  async function start(parts?: LogParts): Promise<RunningService> {
    running = await startService(logService(config, parts), quiet);
    return running;
  }

  async function stop(): Promise<void> {
    await running?.close();
    running = undefined;
  }

  async function open(note: Uint8Array): Promise<Checkpoint> {
    const { publicKey } = await openKeyFile(config.keyFile, {
      role: 'rekor-log',
      algorithm: 'ed25519',
      profile: 'development',
    });
    return openCheckpoint(note, [noteVerifier(verifierKey(ORIGIN, KEY_TYPE.ed25519, publicKey.raw))]).checkpoint;
  }

  async function checkpoint(service: RunningService): Promise<Checkpoint> {
    for (;;) {
      const answer = await fetch(`${service.url}/checkpoint`);
      if (answer.status === 200) return open(new Uint8Array(await answer.arrayBuffer()));
    }
  }

  test('publishes a checkpoint of size 0 before it has any entry', async () => {
    const { size, root } = await checkpoint(await start());
    expect([size, toBase64(root)]).toEqual([0n, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=']);
  });

  test('answers 201 with an entry whose proof leads to the signed checkpoint', async () => {
    const answer = await post(await start(), request('a file'));
    expect(answer.status).toBe(201);
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
    const json = (await answer.json()) as object;
    expect(json).toMatchObject({
      logIndex: '0',
      integratedTime: '0',
      inclusionPromise: null,
      kindVersion: { kind: 'hashedrekord', version: '0.0.2' },
    });
    const { logIndex, inclusionProof, canonicalizedBody } = parseTlogEntry(json);
    const { size, root } = await open(new TextEncoder().encode(inclusionProof!.checkpoint));
    verifyInclusion({
      index: logIndex,
      size,
      leafHash: hashLeaf(canonicalizedBody),
      proof: inclusionProof!.hashes,
      root,
    });
  });

  test('gives concurrent entries one index each, and serves the bundles and tiles that they are in', async () => {
    const service = await start();
    const artifacts = Array.from({ length: 300 }, (_, i) => `file ${i}`);
    const answers = await Promise.all(
      artifacts.map(async (artifact) => parseTlogEntry(await (await post(service, request(artifact))).json())),
    );
    const indexes = answers.map(({ logIndex }) => Number(logIndex)).sort((a, b) => a - b);
    expect(indexes).toEqual(artifacts.map((_, i) => i));
    const { size } = await checkpoint(service);
    expect(size).toBe(300n);
    const bytes = async (path: string): Promise<Uint8Array> =>
      new Uint8Array(await (await fetch(`${service.url}/${path}`)).arrayBuffer());
    const entries = [
      ...parseEntryBundle(await bytes('tile/entries/000')),
      ...parseEntryBundle(await bytes('tile/entries/001.p/44')),
    ];
    for (const { logIndex, canonicalizedBody } of answers) expect(entries[Number(logIndex)]).toEqual(canonicalizedBody);
    const hashes = Buffer.concat([await bytes('tile/0/000'), await bytes('api/v2/tile/0/001.p/44')]);
    expect(hashes).toEqual(Buffer.concat(entries.map(hashLeaf)));
    const tile = await fetch(`${service.url}/tile/0/000`);
    expect([tile.headers.get('content-type'), tile.headers.get('cache-control')]).toEqual([
      'application/octet-stream',
      'public, max-age=31536000, immutable',
    ]);
  });

  test('answers the same entry with the same index: at once, at the same time, and after a new start', async () => {
    const first = await start();
    const body = request('the same');
    const both = await Promise.all([post(first, body), post(first, body)]);
    await post(first, request('another'));
    await stop();
    const second = await start();
    const answers = [...both, await post(second, body)];
    for (const answer of answers) {
      expect(answer.status).toBe(201);
      expect(parseTlogEntry(await answer.json()).logIndex).toBe(0n);
    }
    expect((await checkpoint(second)).size).toBe(2n);
  });

  test('goes on after a new start, consistent with what it published before', async () => {
    const first = await start();
    for (let i = 0; i < 5; i++) await post(first, request(`before ${i}`));
    const before = await checkpoint(first);
    await stop();
    const second = await start();
    const { logIndex, inclusionProof } = parseTlogEntry(await (await post(second, request('after'))).json());
    expect(logIndex).toBe(5n);
    const after = await open(new TextEncoder().encode(inclusionProof!.checkpoint));
    // In a tree of 6 the proof from 5 is the sixth leaf, its sibling's path: two hashes of the inclusion proof of leaf 5.
    const tile = new Uint8Array(await (await fetch(`${second.url}/tile/0/000.p/6`)).arrayBuffer());
    const leaf = (i: number): Uint8Array => tile.subarray(32 * i, 32 * i + 32);
    verifyConsistency({
      size1: 5n,
      root1: before.root,
      size2: 6n,
      root2: after.root,
      proof: [leaf(4), leaf(5), ...inclusionProof!.hashes.slice(1)],
    });
  });

  describe('refuses with 400 and code 3, and logs nothing:', () => {
    const good = (): HashedRekordRequest['hashedRekordRequestV002'] => request('x').hashedRekordRequestV002;
    const wrap = (entry: object): object => ({ hashedRekordRequestV002: entry });
    test.each<[string, () => unknown]>([
      ['malformed JSON', () => '{"hashedRekordRequestV002":'],
      ['no object', () => '[]'],
      ['an empty body', () => ''],
      ['a wrong type', () => wrap({ ...good(), digest: 7 })],
      ['an unknown field', () => wrap({ ...good(), more: true })],
      ['an unknown request', () => ({ hashedRekordRequestV003: good() })],
      [
        'an unsupported algorithm',
        () =>
          wrap({
            ...good(),
            signature: { ...good().signature, verifier: { ...good().signature.verifier, keyDetails: 'PKIX_ED25519' } },
          }),
      ],
      ['a digest of the wrong length', () => wrap({ ...good(), digest: 'AAAA' })],
      [
        'a signature that does not verify',
        () => wrap({ ...good(), digest: createHash('sha256').update('y').digest('base64') }),
      ],
      [
        'an entry over the limit of tlog-tiles',
        () => wrap({ ...good(), signature: { ...good().signature, content: Buffer.alloc(60_000).toString('base64') } }),
      ],
    ])('%s', async (_what, body) => {
      const service = await start();
      const answer = await post(service, body());
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual({ code: 3, message: expect.any(String), details: [] });
      expect((await checkpoint(service)).size).toBe(0n);
      expect((await post(service, request('still alive'))).status).toBe(201);
    });
  });

  test('refuses a body over 4 MiB with 413', async () => {
    const service = await start();
    const answer = await post(service, `"${'x'.repeat(4 * 1024 * 1024)}"`);
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 8, details: [] });
    expect((await checkpoint(service)).size).toBe(0n);
  });

  test('answers 408 to a client that is slower than 20 s, and goes on', async () => {
    const service = await start();
    const socket = connect(service.port, '127.0.0.1');
    const answer = await new Promise<string>((resolve, reject) => {
      let received = '';
      socket.setEncoding('latin1').on('data', (data: string) => (received += data));
      socket.on('error', reject).on('close', () => resolve(received));
      socket.write(
        'POST /api/v2/log/entries HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{',
      );
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect((await post(service, request('still alive'))).status).toBe(201);
  });

  test('answers 503 with Retry-After when the pool is full, and logs what waits once it can', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    class SlowStore extends MemoryEventStore {
      override async append(stream: string, expected: Expected, events: readonly NewEvent[]): Promise<Appended> {
        if (events.some(({ type }) => type === 'EntriesSequenced/v1')) await gate;
        return super.append(stream, expected, events);
      }
    }
    config = { ...config, poolLimit: 4 };
    const service = await start({ openStore: () => Promise.resolve(new SlowStore()) });
    const first = post(service, request('in the round that does not end'));
    const answers = [first, ...Array.from({ length: 12 }, (_, i) => post(service, request(`file ${i}`)))];
    const full = await Promise.race(answers);
    expect([full.status, full.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await full.json()).toEqual({
      code: 14,
      message: expect.stringMatching(/wait to be sequenced/),
      details: [],
    });
    release();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    const logged = statuses.filter((status) => status === 201).length;
    expect(logged).toBeGreaterThanOrEqual(4);
    expect(statuses.filter((status) => status === 503).length).toBe(13 - logged);
    expect((await checkpoint(service)).size).toBe(BigInt(logged));
  });

  describe('does not start, and says why, when', () => {
    async function runOnce(entries: number): Promise<void> {
      const service = await start();
      for (let i = 0; i < entries; i++) await post(service, request(`file ${i}`));
      await stop();
    }

    test('the store was restored from an older copy', async () => {
      await runOnce(2);
      const older = await readFile(join(config.dataDirectory, 'events.sqlite'));
      await runOnce(5);
      for (const file of await readdir(config.dataDirectory)) {
        if (file.startsWith('events.sqlite')) await rm(join(config.dataDirectory, file));
      }
      await writeFile(join(config.dataDirectory, 'events.sqlite'), older);
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'mark-ahead' }));
    });

    test('its mark is gone', async () => {
      await runOnce(1);
      await rm(config.markFile);
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'mark-missing' }));
    });

    test('its mark and its store were both restored, but not the checkpoint that it published', async () => {
      await runOnce(1);
      const [store, mark] = [
        await readFile(join(config.dataDirectory, 'events.sqlite')),
        await readFile(config.markFile),
      ];
      await runOnce(3);
      await writeFile(join(config.dataDirectory, 'events.sqlite'), store);
      await writeFile(config.markFile, mark);
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'published-ahead' }));
    });

    test('a tile on disk has other bytes', async () => {
      const service = await start();
      await Promise.all(Array.from({ length: 260 }, (_, i) => post(service, request(`file ${i}`))));
      await stop();
      const path = join(config.dataDirectory, 'tiles/tile/0/000');
      const tile = await readFile(path);
      await writeFile(path, tile.with(0, tile[0]! ^ 1));
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'tile-differs' }));
    });

    test('a bit of an entry in its store has flipped', async () => {
      await runOnce(3);
      const path = join(config.dataDirectory, 'events.sqlite');
      const bytes = await readFile(path);
      const at = bytes.indexOf('PKIX_ECDSA_P256_SHA_256');
      expect(at).toBeGreaterThan(0);
      await writeFile(path, bytes.with(at + 5, bytes[at + 5]! ^ 1));
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'damaged-event' }));
    });

    test('the store holds another log', async () => {
      await runOnce(1);
      config = { ...config, origin: 'other.example', markFile: join(folder, 'other-mark') };
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'other-log' }));
    });

    test('it would be created long after its inception', async () => {
      config = { ...config, inception: new Date('2020-01-01') };
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'not-yet' }));
    });

    test('another process has it open', async () => {
      const other = await SqliteEventStore.open({ path: join(folder, 'events.sqlite') });
      config = { ...config, dataDirectory: folder };
      await expect(start()).rejects.toThrow(expect.objectContaining({ code: 'store-locked' }));
      await other.close();
    });
  });
});
