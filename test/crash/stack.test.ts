import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '#crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchCheckpoint, fetchEntryBundle } from '#libs/client';
import { utf8Encode } from '#libs/crypto';
import { appendLeafHashes, EMPTY_FRONTIER, frontierRoot, hashLeaf } from '#libs/merkle';
import { parseNote } from '#libs/note';
import { parseCheckpoint, TILE_WIDTH, type Checkpoint } from '#libs/tlog';
import { parseBundle, type TlogEntry } from '#libs/verify';
import { invoke } from '../../apps/cli/src/testing/invoke.js';
import { freeStackPort, spawnStack, type SpawnedStack } from '../network.js';

const SIGNINGS = 200;
const EMAIL = 'crash@example.org';

/** The built stack, killed without warning while it signs, and started again. */
describe('after a SIGKILL in the middle of 200 concurrent signings', () => {
  let work: string;
  let home: string;
  let stack: SpawnedStack;
  /** What clients were told, in either run: the entry of every finished bundle, by the file's name. */
  const acknowledged = new Map<string, TlogEntry>();
  const seenCheckpoints: Checkpoint[] = [];
  let entries: Uint8Array[];

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'tally-crash-'));
    home = join(work, 'home');
    const port = await freeStackPort();
    stack = await spawnStack({ home, port });
    const token = await stack.token(EMAIL);

    const watching = new AbortController();
    const watched = watchCheckpoint(watching.signal);
    const signings = Array.from({ length: SIGNINGS }, async (_, i) => {
      await delay(5 * i); // side by side, and not all at the same step
      return sign(`first-${i}`, token);
    });
    while (acknowledged.size < SIGNINGS / 4) await delay(5);
    await stack.kill('SIGKILL');
    watching.abort();
    const exits = await Promise.all([...signings, watched]);
    expect(exits).toContain(5); // it was in the middle

    stack = await spawnStack({ home, port });
    const again = await stack.token(EMAIL);
    for (let i = 0; i < 10; i++) expect(await sign(`second-${i}`, again)).toBe(0);
    entries = await allEntries();
  });
  afterAll(async () => {
    await stack.kill('SIGTERM');
    await rm(work, { recursive: true });
  });

  async function sign(name: string, token: string): Promise<number> {
    await writeFile(join(work, name), name);
    const { exit } = await invoke(['sign', name, '--identity-token', token], { env: { TALLY_HOME: home }, cwd: work });
    if (exit !== 0) return exit;
    const bundle = parseBundle(await readFile(join(work, `${name}.sigstore.json`)));
    acknowledged.set(name, bundle.tlogEntries[0]!);
    return exit;
  }

  async function watchCheckpoint(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const note = await fetchCheckpoint(stack.urls.rekorLog).catch(() => undefined);
      if (note) seenCheckpoints.push(parseCheckpoint(parseNote(note).text));
      await delay(10);
    }
  }

  /** Read from the tiles, as anybody would. */
  async function allEntries(): Promise<Uint8Array[]> {
    const checkpoint = parseCheckpoint(parseNote(await fetchCheckpoint(stack.urls.rekorLog)).text);
    seenCheckpoints.push(checkpoint);
    const read: Uint8Array[] = [];
    for (let index = 0n; BigInt(read.length) < checkpoint.size; index++) {
      const left = checkpoint.size - index * BigInt(TILE_WIDTH);
      const width = left < BigInt(TILE_WIDTH) ? Number(left) : TILE_WIDTH;
      read.push(...(await fetchEntryBundle(stack.urls.rekorLog, index, width)));
    }
    return read;
  }

  test('every acknowledged entry is at its index', () => {
    expect(acknowledged.size).toBeGreaterThanOrEqual(SIGNINGS / 4 + 10);
    for (const [name, { logIndex, canonicalizedBody }] of acknowledged) {
      expect({ name, body: entries[Number(logIndex)] }).toEqual({ name, body: canonicalizedBody });
    }
  });

  test('no index was given to two entries', () => {
    const indexes = [...acknowledged.values()].map(({ logIndex }) => logIndex);
    expect(new Set(indexes).size).toBe(indexes.length);
  });

  test('every checkpoint that anybody saw, before or after, is a prefix of the same log', () => {
    const roots = new Map<bigint, string>([[0n, toHex(frontierRoot(EMPTY_FRONTIER))]]);
    let frontier = EMPTY_FRONTIER;
    for (const entry of entries) {
      frontier = appendLeafHashes(frontier, [hashLeaf(entry)]);
      roots.set(frontier.size, toHex(frontierRoot(frontier)));
    }
    const inBundles = [...acknowledged.values()].map(({ inclusionProof }) =>
      parseCheckpoint(parseNote(utf8Encode(inclusionProof!.checkpoint)).text),
    );
    const seen = [...seenCheckpoints, ...inBundles];
    expect(new Set(seen.map(({ size }) => size)).size).toBeGreaterThan(2);
    for (const { size, root } of seen) expect({ size, root: toHex(root) }).toEqual({ size, root: roots.get(size) });
  });

  test('what was signed before verifies, and every bundle does', async () => {
    const identity = ['--certificate-identity', EMAIL, '--certificate-oidc-issuer', stack.urls.issuer];
    const files = [...acknowledged.keys()];
    const { exit, stdout } = await invoke(['verify', ...files, ...identity], { env: { TALLY_HOME: home }, cwd: work });
    expect({ exit, verified: stdout.match(/ verified$/gm)?.length }).toEqual({ exit: 0, verified: files.length });
  });
});
