import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { formatVerifierKey } from '#libs/note';
import { createLogger } from '#libs/server';
import { localServer, type LocalServer } from '../../../../test/local-server.js';
import { ed25519Signer } from '../../../../test/note-signers.js';
import { WitnessMetrics } from '../metrics.js';
import { KnownLogs } from './known-logs.js';
import { ListFollower } from './list-follower.js';
import { formatLogList } from './log-list.js';

const logger = createLogger('witness', { write: () => undefined });
let folder: string;
let site: LocalServer;
let list: { status: number; body: string };
let registry: Registry;
let metrics: WitnessMetrics;

const entry = (origin: string) => ({
  origin,
  vkey: formatVerifierKey(ed25519Signer(origin).key),
  qpd: 24,
  contact: 'c',
});
const [A, OTHER_A, B] = [entry('a'), entry('a'), entry('b')];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lists-'));
  site = await localServer((_request, response) => void response.writeHead(list.status).end(list.body));
  registry = new Registry();
  metrics = new WitnessMetrics(registry, { logs: () => 0, frozen: () => 0, outdated: () => 0 });
});
afterEach(() => site.close());

const pulls = async (outcome: string): Promise<number> => {
  const metric = await registry.getSingleMetric('witness_log_list_pulls_total')!.get();
  return metric.values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
};
const origins = (logs: KnownLogs): string[] => [...logs.all()].map(({ origin }) => origin);

/** A follower after its first pull, as at a start. */
async function follow(
  source = `${site.url}/lists/testing.1?v=2`,
): Promise<{ logs: KnownLogs; follower: ListFollower }> {
  const logs = new KnownLogs([]);
  const follower = new ListFollower(source, join(folder, 'copies'), { logs, metrics, logger });
  await follower.begin();
  follower.end();
  const again = new ListFollower(source, join(folder, 'copies'), { logs, metrics, logger });
  await again.pull();
  return { logs, follower: again };
}

describe('a list at an URL', () => {
  test('is fetched, taken, and kept on the disk', async () => {
    list = { status: 200, body: formatLogList([A, B]) };
    const { logs, follower } = await follow();
    expect(origins(logs)).toEqual(['a', 'b']);
    expect(follower.status()).toMatchObject({ logs: 2, problem: undefined });
    expect(site.requests.at(-1)?.path).toBe('/lists/testing.1?v=2');
    expect(await readdir(join(folder, 'copies'))).toHaveLength(1);
    await follower.pull();
    expect(await pulls('unchanged')).toBe(1);
  });

  test.each([
    ['an error', { status: 500, body: '' }],
    ['nothing', { status: 404, body: '' }],
    ['half a list', { status: 200, body: formatLogList([A]).slice(0, -3) }],
    ['a page', { status: 200, body: '<!doctype html>\n' }],
  ])('that is %s at a start is replaced by what was there before, and counted', async (_, answer) => {
    list = { status: 200, body: formatLogList([A, B]) };
    await follow();
    list = answer;
    const { logs, follower } = await follow();
    expect(origins(logs)).toEqual(['a', 'b']);
    expect(follower.status().problem).toEqual(expect.any(String));
    expect(await pulls('failed')).toBeGreaterThan(0);
  });

  test('does not take away what it once gave, over a start too, nor change its key', async () => {
    list = { status: 200, body: formatLogList([A]) };
    await follow();
    list = { status: 200, body: formatLogList([B, OTHER_A]) };
    const { logs, follower } = await follow();
    expect(origins(logs)).toEqual(['a', 'b']);
    expect(formatVerifierKey(logs.keysOf('a')[0]!.key)).toBe(A.vkey);
    expect(follower.status().keyChanges).toEqual([{ origin: 'a', known: A.vkey, listed: OTHER_A.vkey }]);
    expect(await pulls('key-change')).toBeGreaterThan(0);
  });

  test('whose copy was damaged is fetched again', async () => {
    list = { status: 200, body: formatLogList([A]) };
    await follow();
    const [copy = ''] = await readdir(join(folder, 'copies'));
    await writeFile(join(folder, 'copies', copy), 'logs/v');
    expect(origins((await follow()).logs)).toEqual(['a']);
  });
});

describe('a list in a file', () => {
  test('is read, and has no copy', async () => {
    const path = join(folder, 'list');
    await writeFile(path, formatLogList([A, B]));
    expect(origins((await follow(path)).logs)).toEqual(['a', 'b']);
    expect(await readdir(folder)).toEqual(['list']);
  });

  test('that is not there is a problem, and not the end', async () => {
    const { logs, follower } = await follow(join(folder, 'nowhere'));
    expect(logs.count).toBe(0);
    expect(follower.status().problem).toMatch(/cannot read the list/);
  });
});
