import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MemoryEventStore } from '#libs/event-store';
import { verifyConsistency } from '#libs/merkle';
import { createLogger } from '#libs/server';
import { generateSigner } from '#libs/signer';
import { TileStore } from '#libs/tile-store';
import { logVerifier, parsePolicy, type TlogPolicy } from '#libs/tlog';
import { formatNote, formatVerifierKey, parseNote } from '#libs/note';
import { cosigner } from '../../../../test/note-signers.js';
import type { LocalServer } from '../../../../test/local-server.js';
import { Cosigner } from '../cosigning/cosigner.js';
import { readSubmission } from '../cosigning/proposal.js';
import { KnownLogs } from '../logs/known-logs.js';
import type { CheckpointConflict } from './conflict.js';
import { Follower, waitMs, type RoundOutcome } from './follower.js';
import { MirroredLog } from './mirrored-log.js';
import { EntryLog } from './testing/entry-log.js';

const logger = createLogger('mirror', { write: () => undefined });
const code = (expected: string) => expect.objectContaining({ code: expected });
const one = new EntryLog('log.example.com/followed', 1200);

let directory: string;
let copies = 0;
let size: number;
let server: LocalServer;
let tamper: (path: string, bytes: Uint8Array) => Uint8Array | undefined;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'follower-'));
});
afterAll(() => rm(directory, { recursive: true }));
beforeEach(async () => {
  size = 600;
  tamper = (_, bytes) => bytes;
  server = await one.serve(
    () => size,
    (path, bytes) => tamper(path, bytes),
  );
});
afterEach(() => server.close());

interface Following {
  readonly log: MirroredLog;
  readonly look: (url?: string) => Promise<RoundOutcome>;
  readonly conflicts: CheckpointConflict[];
  readonly follower: (url?: string) => Follower;
}

async function follow(policy?: TlogPolicy, refuses: () => string | undefined = () => undefined): Promise<Following> {
  const tiles = await TileStore.open({ directory: join(directory, String(copies++)) });
  const own = new Cosigner('mirror.example.org/m1', generateSigner('witness', 'ed25519'));
  const log = new MirroredLog({
    origin: one.origin,
    store: new MemoryEventStore(),
    tiles,
    cosigner: own,
    logger,
    now: () => 1n,
    refuses,
  });
  const conflicts: CheckpointConflict[] = [];
  const known = new KnownLogs([one.signer.key]);
  const follower = (url = server.url): Follower =>
    new Follower({
      log,
      url,
      ...(policy && { policy }),
      verifiers: [logVerifier(one.signer.key)],
      propose: async (body) => {
        const read = readSubmission(body, known);
        return read.kind === 'refused' ? read : log.propose(read.proposal);
      },
      onConflict: (conflict) => conflicts.push(conflict),
      looked: () => undefined,
      logger,
    });
  const first = follower();
  const look = (url?: string): Promise<RoundOutcome> =>
    (url === undefined ? first : follower(url)).look(new AbortController().signal);
  return { log, look, conflicts, follower };
}

const sizeOf = async (log: MirroredLog): Promise<bigint | undefined> => (await log.cosigned())?.size;

describe('a log that is followed', () => {
  test('is copied, and copied further as it grows, within a bundle too', async () => {
    const { log, look } = await follow();
    expect(await look()).toBe('advanced');
    expect(await sizeOf(log)).toBe(600n);
    expect(await look()).toBe('current');
    for (size of [601, 700, 768, 1200]) {
      expect(await look()).toBe('advanced');
      expect(await sizeOf(log)).toBe(BigInt(size));
      expect(await log.rootAt(BigInt(size))).toEqual(one.checkpoint(size).root);
    }
  });

  test('is not cosigned once it is convicted, though its checkpoint was pending before', async () => {
    let reason: string | undefined;
    const { log, look } = await follow(undefined, () => reason);
    tamper = (path, bytes) => (path.includes('entries/002') ? undefined : bytes);
    await expect(look()).rejects.toThrow(); // the rest is not there yet
    reason = 'it has two histories';
    tamper = (_, bytes) => bytes;
    await expect(look()).rejects.toThrow(code('frozen'));
    expect(await log.cosigned()).toBeUndefined();
    reason = undefined;
    expect(await look()).toBe('advanced');
  });

  test('is read once: what is held is not fetched again', async () => {
    const { look } = await follow();
    await look();
    const before = server.requests.length;
    size = 601;
    await look();
    const bundles = server.requests.slice(before).filter(({ path }) => path.startsWith('/tile/entries/'));
    expect(bundles.map(({ path }) => path)).toEqual(['/tile/entries/002.p/89']);
  });

  test('has its partial bundles taken from the full ones that replaced them', async () => {
    const { log, look } = await follow();
    const early = await one.note(600);
    size = 1200;
    tamper = (path, bytes) => {
      if (path === 'checkpoint') return early; // a cache has the old one, the partial files are gone
      return path.startsWith('tile/entries/002.p') || path.startsWith('tile/0/002.p') ? undefined : bytes;
    };
    expect(await look()).toBe('advanced');
    expect(await sizeOf(log)).toBe(600n);
  });

  test('that shows an older checkpoint is left as it is', async () => {
    const { log, look, conflicts } = await follow();
    await look();
    size = 300;
    expect(await look()).toBe('stale');
    expect(await sizeOf(log)).toBe(600n);
    expect(conflicts).toEqual([]);
  });

  test('stops in the middle, and goes on there', async () => {
    const { log, look } = await follow();
    tamper = (path, bytes) => (path.startsWith('tile/entries/002') ? undefined : bytes);
    await expect(look()).rejects.toThrow(code('refused'));
    expect(await sizeOf(log)).toBeUndefined();
    tamper = (_, bytes) => bytes;
    expect(await look()).toBe('advanced');
    expect(await sizeOf(log)).toBe(600n);
  });

  test('without entries is mirrored too', async () => {
    size = 0;
    const { log, look } = await follow();
    expect(await look()).toBe('advanced');
    expect(await sizeOf(log)).toBe(0n);
    size = 10;
    expect(await look()).toBe('advanced');
  });
});

describe('a log that lies', () => {
  test.each([
    ['an entry', 'tile/entries/001', 'wrong-entries'],
    ['a hash that proves its entries', 'tile/1/000.p/2', 'wrong-entries'],
  ])('about %s has nothing of it stored', async (_, file, expected) => {
    const { log, look } = await follow();
    tamper = (path, bytes) => (path === file ? bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte)) : bytes);
    await expect(look()).rejects.toThrow(code(expected));
    expect(await sizeOf(log)).toBeUndefined();
    tamper = (_path, bytes) => bytes;
    expect(await look()).toBe('advanced');
  });

  test.each([
    ['more bytes than a bundle can have', Buffer.alloc(17 * 1024 * 1024), 'too-large'],
    ['no bundle', Buffer.from([0, 9, 1]), 'unexpected-answer'],
    ['fewer entries', Buffer.from([0, 1, 1]), 'unexpected-answer'],
  ])('and sends %s is refused', async (_, sent, expected) => {
    const { log, look } = await follow();
    tamper = (path, bytes) => (path === 'tile/entries/000' ? sent : bytes);
    await expect(look()).rejects.toThrow(code(expected));
    expect(await log.nextEntry()).toBe(0n);
  });

  test('about who signed is not followed', async () => {
    const { log, look } = await follow();
    const stranger = await new EntryLog(one.origin, 600).note(600);
    tamper = (path, bytes) => (path === 'checkpoint' ? stranger : bytes);
    await expect(look()).rejects.toThrow(code('untrusted-checkpoint'));
    expect(await log.pending()).toBeUndefined();
  });

  test('about the size that was seen is handed over with both notes, once', async () => {
    const { look, conflicts } = await follow();
    await look();
    const fork = await one.forkAt(10).serve(() => 600);
    const forked = await one.forkAt(10).note(600);
    tamper = (path, bytes) => (path === 'checkpoint' ? forked : bytes);
    expect([await look(), await look()]).toEqual(['conflict', 'conflict']);
    expect(conflicts).toEqual([{ origin: one.origin, kept: await one.note(600), found: forked }]);
    await fork.close();
  });

  test.each([
    ['larger', 700],
    ['smaller', 500],
  ])('with a fork that is %s convicts itself, and is not followed', async (_, at) => {
    const { log, look, conflicts } = await follow();
    await look();
    const fork = await one.forkAt(10).serve(() => at);
    expect(await look(fork.url)).toBe('conflict');
    await fork.close();
    const [conflict] = conflicts;
    if (!conflict?.between) throw new Error('there is a proof');
    const [small, large] = [600, at].toSorted((a, b) => a - b) as [number, number];
    const larger = at > 600 ? one.forkAt(10) : one;
    const head = larger.checkpoint(large);
    const { root, proof } = conflict.between;
    verifyConsistency({ size1: BigInt(small), root1: root, size2: head.size, root2: head.root, proof });
    const signed = (at > 600 ? one : one.forkAt(10)).checkpoint(small).root;
    expect(root).not.toEqual(signed);
    expect([await sizeOf(log), (await log.pending())?.checkpoint.size]).toEqual([600n, 600n]);
    expect(await look()).toBe('current');
  });

  test('with a fork whose tiles prove nothing is not followed, and not convicted', async () => {
    const { log, look, conflicts } = await follow();
    await look();
    const forked = await one.forkAt(10).note(700);
    size = 700;
    tamper = (path, bytes) => (path === 'checkpoint' ? forked : bytes); // with the tiles of the true tree
    await expect(look()).rejects.toThrow(code('not-consistent'));
    expect([conflicts.length, await sizeOf(log)]).toEqual([0, 600n]);
  });
});

describe('with a policy', () => {
  test('only what has its quorum is followed', async () => {
    const witness = cosigner('witness.example.com', 1n);
    const lines = [
      `log ${formatVerifierKey(one.signer.key)}`,
      `witness w ${formatVerifierKey(witness.key)}`,
      'quorum w',
    ];
    const { log, look } = await follow(parsePolicy(`${lines.join('\n')}\n`));
    await expect(look()).rejects.toThrow(code('untrusted-checkpoint'));
    const cosigned = await one.note(600, [one.signer, witness]);
    tamper = (path, bytes) => (path === 'checkpoint' ? cosigned : bytes);
    expect(await look()).toBe('advanced');
    const names = parseNote(log.served()?.note ?? new Uint8Array(0)).signatures.map(({ name }) => name);
    expect(names).toEqual([one.origin, 'mirror.example.org/m1']); // what others say is theirs to show
    expect(formatNote(parseNote(cosigned))).toEqual(cosigned);
  });
});

describe('the loop', () => {
  test('waits longer the more often it failed, up to a quarter of an hour, and never the same time', () => {
    expect([0, 1, 2, 100].map((failures) => waitMs(10_000, failures, 1))).toEqual([10_000, 20_000, 40_000, 900_000]);
    expect(waitMs(10_000, 2, 0)).toBe(20_000);
    expect(waitMs(3_600_000, 5, 1)).toBe(3_600_000);
  });

  test('outlives a log that fails, and ends at once when it is told to', async () => {
    const { log, follower } = await follow();
    const stop = new AbortController();
    tamper = (path, bytes) => (server.requests.length < 3 && path === 'checkpoint' ? Buffer.from('no note') : bytes);
    const running = follower().run(1, stop.signal);
    while ((await log.cosigned()) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort();
    await running;
    await follower().run(3_600_000, AbortSignal.timeout(50));
  });
});
