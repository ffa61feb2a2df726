import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { requestDevelopmentToken } from '#libs/client';
import { addressesOf } from '../apps/stack/src/deployment.js';
import type { StackAddresses } from '../apps/stack/src/deployment.js';
import { portsFrom } from '../apps/stack/src/ports.js';
import { PORT_COUNT } from '../apps/stack/src/settings.js';
import { startStack } from '../apps/stack/src/stack.js';
import type { RunningStack } from '../apps/stack/src/stack.js';
import { StackError } from '../apps/stack/src/stack-error.js';
import { freePorts } from './free-ports.js';

/** A whole deployment: every service, in this process, on free ports, in a new folder. */
export interface Network {
  readonly home: string;
  /** The first of its ports. */
  readonly port: number;
  readonly urls: StackAddresses;
  /** What the rekor log calls itself in its checkpoints. */
  readonly origin: string;
  readonly paths: TrustPaths;
  /** An ID token of the development issuer. */
  token(email: string): Promise<string>;
  /** Stops everything, and starts it again with the same home and ports. */
  restart(): Promise<void>;
  /** Stops everything and removes the home. */
  stop(): Promise<void>;
}

/** The files that tell clients whom to trust. */
export interface TrustPaths {
  readonly trustConfig: string;
  readonly trustedRoot: string;
  readonly signingConfig: string;
  readonly policy: string;
}

export async function startNetwork(): Promise<Network> {
  const home = await mkdtemp(join(tmpdir(), 'tally-network-'));
  let running = await startOnFreePorts(home);
  const { port } = running;
  const urls = running.stack.addresses;
  return {
    home,
    port,
    urls,
    origin: `rekor-${running.stack.home.label}.tally.localhost`,
    paths: trustPaths(home),
    token: (email) => developmentToken(urls.issuer, email),
    async restart() {
      await running.stack.close();
      running = { port, stack: await startStack({ home, port }) };
    },
    async stop() {
      await running.stack.close();
      await rm(home, { recursive: true });
    },
  };
}

/** The first of as many free ports as a stack takes. */
export function freeStackPort(): Promise<number> {
  return freePorts(PORT_COUNT);
}

async function startOnFreePorts(home: string): Promise<{ port: number; stack: RunningStack }> {
  for (let triesLeft = 5; ; triesLeft--) {
    const port = await freeStackPort();
    try {
      return { port, stack: await startStack({ home, port }) };
    } catch (error) {
      if (!(error instanceof StackError) || !error.message.includes('in use') || triesLeft === 0) throw error;
    }
  }
}

/** The built program (`npm run build`) in a process of its own, to be killed. */
export interface SpawnedStack {
  readonly pid: number;
  readonly urls: StackAddresses;
  readonly paths: TrustPaths;
  /** Everything that it has printed so far. */
  output(): string;
  token(email: string): Promise<string>;
  /** Sends the signal, waits for the end, and gives the exit code, or the signal that it died of. */
  kill(signal: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** A machine that builds and tests at once needs longer than a person waits. */
const READY_WITHIN_MS = 60_000;

/** Starts the built stack, and waits for its `ready` line. @throws Error with what it printed when it ends before */
export async function spawnStack({ home, port }: { home: string; port: number }): Promise<SpawnedStack> {
  const child = spawn(process.execPath, ['--enable-source-maps', resolve('dist/apps/stack/src/main.js')], {
    env: { PATH: process.env.PATH, TALLY_HOME: home, TALLY_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  // A test that fails in between must not leave a stack behind.
  process.once('exit', () => child.kill('SIGKILL'));
  let printed = '';
  const ready = new Promise<true>((resolveReady) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        if (/^ready /m.test(printed)) resolveReady(true);
      });
    }
  });
  const tooLate = setTimeout(() => child.kill('SIGKILL'), READY_WITHIN_MS);
  const isReady = await Promise.race([ready, ended.then(() => false)]);
  clearTimeout(tooLate);
  if (!isReady) throw new Error(`the stack ended, or was not ready within ${READY_WITHIN_MS} ms:\n${printed}`);

  const urls = addressesOf(portsFrom(port));
  return {
    pid: child.pid ?? 0,
    urls,
    paths: trustPaths(home),
    output: () => printed,
    token: (email) => developmentToken(urls.issuer, email),
    async kill(signal) {
      child.kill(signal);
      const [code, signalled] = await ended;
      return code ?? signalled ?? 0;
    },
  };
}

function trustPaths(home: string): TrustPaths {
  return {
    trustConfig: join(home, 'trust.json'),
    trustedRoot: join(home, 'trusted_root.json'),
    signingConfig: join(home, 'signing_config.v0.2.json'),
    policy: join(home, 'tlog-policy'),
  };
}

function developmentToken(issuer: string, email: string): Promise<string> {
  return requestDevelopmentToken(`${issuer}/development/token`, email);
}
