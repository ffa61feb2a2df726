import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KEY_TYPE, parseNote, verifierKey, type VerifierKey } from '#libs/note';
import { createLogger, startService, type RunningService } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import { parseCheckpoint, type Checkpoint } from '#libs/tlog';
import { logService } from '../../apps/log/src/log.module.js';

export type Branch = 'a' | 'b';

export interface LyingLogOptions {
  /** All that it keeps. Of branch X the tiles are in `<directory>/X/tiles`. */
  readonly directory: string;
  readonly origin?: string;
  /** Entries that both branches have in common. */
  readonly forkAt: number;
  /** How many entries each branch has in the beginning; default: `forkAt` and one of its own. */
  readonly sizes?: Readonly<Record<Branch, number>>;
  /** The tlog-policy by which a branch asks witnesses; without it a branch is signed by the log alone. */
  readonly policyFiles?: Partial<Readonly<Record<Branch, string>>>;
  /** An existing key of the log, as `openKeyFile` reads it; default: a new one in `<directory>/key`. */
  readonly keyFile?: string;
  /** What the front at `url` shows to whom; default: what the header `x-branch` asks for, else a. */
  readonly show?: (request: IncomingMessage) => Branch;
}

/** One log with one key and two histories: two engines, as a thief of the key would run them. */
export interface LyingLog {
  readonly key: VerifierKey;
  readonly keyFile: string;
  readonly urlA: string;
  readonly urlB: string;
  /** The front: branch a or b, by what `show` makes of the request. */
  readonly url: string;
  /** Appends leaves, in this order, and waits for a checkpoint that covers them. */
  append(branch: Branch, ...leaves: readonly Uint8Array[]): Promise<Checkpoint>;
  /** Appends made-up leaves, different in each branch, until the branch has `size` entries. */
  grow(branch: Branch, size: number): Promise<Checkpoint>;
  /** The newest published checkpoint, a signed note. */
  note(branch: Branch): Promise<Uint8Array>;
  close(): Promise<void>;
}

const BRANCHES = ['a', 'b'] as const;

export async function startLyingLog(options: LyingLogOptions): Promise<LyingLog> {
  const { directory, origin = 'lying.tally.localhost', forkAt, policyFiles = {} } = options;
  const { keyFile = join(directory, 'key') } = options;
  const { publicKey } = await openKeyFile(keyFile, {
    role: 'rekor-log',
    algorithm: 'ed25519',
    profile: 'development',
    create: true,
  });
  const quiet = createLogger('lying-log', { write: () => undefined });
  const startBranch = (branch: Branch): Promise<RunningService> => {
    const policyFile = policyFiles[branch];
    const config = {
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      kind: 'rekor',
      origin,
      inception: new Date(),
      dataDirectory: join(directory, branch),
      keyFile,
      markFile: join(directory, `mark-${branch}`),
      poolLimit: 4096,
      checkpointIntervalMs: 0,
      rawAdd: true,
      ...(policyFile !== undefined && { policyFile }),
    } as const;
    return startService(logService(config), quiet);
  };
  const running = { a: await startBranch('a'), b: await startBranch('b') };
  const front = await startFront((request) => running[(options.show ?? byHeader)(request)].url);

  const note = async (branch: Branch): Promise<Uint8Array> => {
    const answer = await fetch(`${running[branch].url}/checkpoint`);
    if (!answer.ok) throw new Error(`branch ${branch} has no checkpoint: ${answer.status} ${await answer.text()}`);
    return new Uint8Array(await answer.arrayBuffer());
  };
  const head = async (branch: Branch): Promise<Checkpoint> => parseCheckpoint(parseNote(await note(branch)).text);
  const reached = async (branch: Branch, size: number): Promise<Checkpoint> => {
    for (;;) {
      const checkpoint = await head(branch).catch(() => undefined);
      if (checkpoint && checkpoint.size >= BigInt(size)) return checkpoint;
      await delay(10);
    }
  };
  const append = async (branch: Branch, ...leaves: readonly Uint8Array[]): Promise<Checkpoint> => {
    let size = 0;
    // One after the other: the order is part of the history.
    for (const leaf of leaves) {
      const answer = await fetch(`${running[branch].url}/add`, { method: 'POST', body: leaf as BodyInit });
      if (!answer.ok) throw new Error(`branch ${branch} refused a leaf: ${answer.status} ${await answer.text()}`);
      size = Number(await answer.text()) + 1;
    }
    return reached(branch, size);
  };
  const grow = async (branch: Branch, size: number): Promise<Checkpoint> => {
    const from = Number((await reached(branch, 0)).size);
    const leaf = (i: number): Uint8Array => Buffer.from(i < forkAt ? `entry ${i}` : `entry ${i} of branch ${branch}`);
    return append(branch, ...Array.from({ length: Math.max(0, size - from) }, (_, i) => leaf(from + i)));
  };

  const { sizes = { a: forkAt + 1, b: forkAt + 1 } } = options;
  await Promise.all(BRANCHES.map((branch) => grow(branch, sizes[branch])));
  return {
    key: verifierKey(origin, KEY_TYPE.ed25519, publicKey.raw),
    keyFile,
    urlA: running.a.url,
    urlB: running.b.url,
    url: front.url,
    append,
    grow,
    note,
    async close() {
      await front.close();
      await Promise.all(BRANCHES.map((branch) => running[branch].close()));
    },
  };
}

function byHeader({ headers }: IncomingMessage): Branch {
  return headers['x-branch'] === 'b' ? 'b' : 'a';
}

/** Hands every request on to the address that `choose` names, and its answer back. */
async function startFront(
  choose: (request: IncomingMessage) => string,
): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { method = 'GET', url = '/', headers } = request;
      const answer = await fetch(`${choose(request)}${url}`, {
        method,
        headers: { 'content-type': headers['content-type'] ?? 'application/octet-stream' },
        ...(method === 'GET' || method === 'HEAD' ? {} : { body: Buffer.concat(chunks) }),
      });
      const body = Buffer.from(await answer.arrayBuffer());
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' });
      response.end(body);
    })().catch((error: unknown) => response.writeHead(502).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
