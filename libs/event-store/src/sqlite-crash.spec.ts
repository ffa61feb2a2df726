import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import type { StoredEvent } from './event-store.js';
import { SqliteEventStore } from './sqlite-event-store.js';

let directory: string;
let program: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tally-crash-'));
  program = join(directory, 'store-process.mjs');
  await build({
    entryPoints: ['libs/event-store/src/contract/store-process.ts'],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    plugins: [
      {
        name: 'the source, not the last build',
        setup: ({ onResolve }) => {
          onResolve({ filter: /^#crypto$/ }, () => ({ path: resolve('libs/crypto/src/node.ts') }));
          onResolve({ filter: /^#libs\// }, ({ path }) => ({ path: resolve('libs', path.slice(6), 'src/index.ts') }));
        },
      },
    ],
  });
});
afterAll(() => rm(directory, { recursive: true }));

interface Acknowledged {
  readonly stream: string;
  readonly first: bigint;
  readonly last: bigint;
}

/** Collects what a store process says, until it has said `enough`; then kills it. */
async function runUntil(child: ChildProcess, enough: (lines: readonly string[]) => boolean): Promise<string[]> {
  const lines: string[] = [];
  if (!child.stdout) throw new Error('the process has no stdout');
  const reader = createInterface(child.stdout);
  reader.on('line', (line) => {
    lines.push(line);
    if (enough(lines)) child.kill('SIGKILL');
  });
  await Promise.all([once(child, 'exit'), once(reader, 'close')]);
  return lines;
}

function acknowledgedIn(lines: readonly string[]): Acknowledged[] {
  return lines
    .map((line) => /^(stream-\d+) (\d+) (\d+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, stream = '', first = '', last = '']) => ({ stream, first: BigInt(first), last: BigInt(last) }));
}

/** Everything in the store is a sequence of whole appends, and every acknowledged one is among them. */
async function checkStore(path: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  const store = await SqliteEventStore.open({ path });
  const groups = new Set<string>();
  const open = new Map<string, StoredEvent[]>();
  for await (const event of store.readAll()) {
    const { stream } = event;
    const group = [...(open.get(stream) ?? []), event];
    const [, at, size] = /^(\d+)\/(\d+) /.exec(Buffer.from(event.data.subarray(0, 8)).toString()) ?? [];
    expect(at).toBe(String(group.length - 1));
    const complete = group.length === Number(size);
    if (complete) groups.add(`${stream} ${group[0]?.revision} ${event.revision}`);
    open.set(stream, complete ? [] : group);
  }
  expect([...open.values()].flat()).toEqual([]);
  for (const { stream, first, last } of acknowledged) expect(groups).toContain(`${stream} ${first} ${last}`);
  await store.close();
}

test('after SIGKILL every acknowledged append is there, and none in part', async () => {
  const path = join(directory, 'killed.db');
  const acknowledged: Acknowledged[] = [];
  for (let kill = 0; kill < 10; kill++) {
    const count = 20 + Math.floor(Math.random() * 300);
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    acknowledged.push(...acknowledgedIn(await runUntil(child, (lines) => lines.length >= count)));
    await checkStore(path, acknowledged);
  }
  expect(acknowledged.length).toBeGreaterThan(200);
});

test('a second process is refused', async () => {
  const path = join(directory, 'locked.db');
  const store = await SqliteEventStore.open({ path });
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  expect(await runUntil(child, () => false)).toEqual(['failed store-locked']);
  await store.close();
});

test('a commit that fails poisons the store, and loses nothing that was acknowledged', async () => {
  const path = join(directory, 'poisoned.db');
  // Files of this process can't grow over a limit, so the write-ahead log can't: EFBIG, in the middle of a COMMIT.
  const limited = ['-c', 'ulimit -f 4000 && exec "$0" "$@"', process.execPath, program, path];
  const child = spawn('sh', limited, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = await runUntil(child, (said) => said.at(-1)?.startsWith('failed') ?? false);
  expect(lines.at(-1)).toBe(`failed ${Array.from({ length: 18 }, () => 'store-poisoned').join(' ')}`);
  expect(lines.length).toBeGreaterThan(1);
  await checkStore(path, acknowledgedIn(lines));
});
