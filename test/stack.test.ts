import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fetchCheckpoint, fetchHealth } from '#libs/client';
import { evaluatePolicy, parsePolicy } from '#libs/tlog';
import { parseClientTrustConfig } from '#libs/verify';
import { invoke } from '../apps/cli/src/testing/invoke.js';
import { freeStackPort, spawnStack, startNetwork } from './network.js';
import type { Network, SpawnedStack } from './network.js';

const EMAIL = 'ann@example.org';

describe('a stack', () => {
  let network: Network;
  let work: string;

  beforeAll(async () => {
    network = await startNetwork();
    work = await mkdtemp(join(tmpdir(), 'tally-work-'));
  });
  afterAll(async () => {
    await network.stop();
    await rm(work, { recursive: true });
  });

  const tally = (...argv: string[]) => invoke(argv, { env: { TALLY_HOME: network.home }, cwd: work });
  const verify = (file: string) =>
    tally('verify', file, '--certificate-identity', EMAIL, '--certificate-oidc-issuer', network.urls.issuer);
  const verdict = async () =>
    evaluatePolicy(parsePolicy(await readFile(network.paths.policy)), await fetchCheckpoint(network.urls.rekorLog));

  test('begins with a checkpoint that a quorum of its witnesses has cosigned', async () => {
    const { log, witnesses, quorum } = await verdict();
    expect(log?.name).toBe(network.origin);
    expect(quorum).toBe(true);
    expect(witnesses.length).toBeGreaterThanOrEqual(2);
  });

  test('has the checkpoint of its ct log cosigned as well, once it is published', async () => {
    const policy = parsePolicy(await readFile(join(network.home, 'ct-tlog-policy')));
    for (;;) {
      const { log, witnesses } = evaluatePolicy(policy, await fetchCheckpoint(network.urls.ctLog));
      expect(log?.name).toBe(network.origin.replace('rekor', 'ct'));
      if (witnesses.length === 3) break;
      await delay(50);
    }
  });

  test('has every service ready, with metrics on its own port', async () => {
    const { witnesses, ...others } = network.urls;
    for (const url of [...Object.values(others), ...witnesses]) {
      expect(await fetchHealth(url)).toMatchObject({ ready: true });
      expect(await (await fetch(new URL('/metrics', url))).text()).toMatch(/^# HELP /);
    }
  });

  test('is followed by its monitor, which finds nothing wrong', async () => {
    const status = async (): Promise<{ logs: { origin: string; verified: unknown }[]; alarms: unknown[] }> =>
      (await (await fetch(`${network.urls.monitor}/status`)).json()) as Awaited<ReturnType<typeof status>>;
    while ((await status()).logs.some(({ verified }) => verified === null)) await delay(50);
    const { logs, alarms } = await status();
    expect(logs.map(({ origin }) => origin).toSorted()).toEqual([
      network.origin.replace('rekor', 'ct'),
      network.origin,
    ]);
    expect(alarms).toEqual([]);
  });

  test('serves the trust that it has written into its home', async () => {
    const served = await (await fetch(`${network.urls.trust}/trust.json`)).text();
    expect(await readFile(network.paths.trustConfig, 'utf8')).toBe(served);
    const { trustedRoot, signingConfig } = parseClientTrustConfig(JSON.parse(served));
    expect(trustedRoot.tlogs.map(({ baseUrl }) => baseUrl)).toEqual([`https://${network.origin}`]);
    expect(signingConfig.rekorTlogUrls.map(({ url }) => url)).toEqual([network.urls.rekorLog]);
  });

  test('keeps every private key to its owner, and no two roles share one', async () => {
    expect((await stat(network.home)).mode & 0o777).toBe(0o700);
    const folder = join(network.home, 'keys');
    const keys = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    expect(keys).toHaveLength(10);
    expect(new Set(keys.map((key) => /Public-Key: (.*)/.exec(key)?.[1])).size).toBe(10);
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  test('loses nothing when it is stopped and started again', async () => {
    await writeFile(join(work, 'before.txt'), 'before');
    const token = await network.token(EMAIL);
    expect((await tally('sign', 'before.txt', '--identity-token', token)).exit).toBe(0);
    const trust = await readFile(network.paths.trustConfig, 'utf8');
    const policy = await readFile(network.paths.policy, 'utf8');
    const checkpoint = await fetchCheckpoint(network.urls.rekorLog);

    await network.restart();

    expect(await readFile(network.paths.trustConfig, 'utf8')).toBe(trust);
    expect(await readFile(network.paths.policy, 'utf8')).toBe(policy);
    expect(await fetchCheckpoint(network.urls.rekorLog)).toEqual(checkpoint);
    expect((await verify('before.txt')).exit).toBe(0);
    await writeFile(join(work, 'after.txt'), 'after');
    expect((await tally('sign', 'after.txt', '--identity-token', token)).stdout).toMatch(/index 1, in a tree of 2/);
    expect((await verify('after.txt')).exit).toBe(0);
  });
});

describe('the program', () => {
  let parent: string;
  let port: number;
  let stack: SpawnedStack;
  let stopped = false;

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'tally-stack-'));
    port = await freeStackPort();
    stack = await spawnStack({ home: join(parent, 'home'), port });
  });
  afterAll(async () => {
    if (!stopped) await stack.kill('SIGKILL');
    await rm(parent, { recursive: true });
  });

  test('says last that it is ready, after what runs where and what to try', () => {
    const lines = stack.output().trimEnd().split('\n');
    expect(lines.filter((line) => line.startsWith('ready '))).toEqual(lines.slice(-1));
    for (const url of [stack.urls.trust, stack.urls.issuer, ...stack.urls.witnesses]) {
      expect(stack.output()).toContain(url);
    }
    expect(stack.output()).toMatch(/^ {2}npx tally sign .*tally token --email you@example.org/m);
    expect(stack.output()).not.toMatch(/WARNING|NOTICE|Warning/);
  });

  test('refuses a second stack on the same home, and names it', async () => {
    const second = spawnStack({ home: join(parent, 'home'), port: await freeStackPort() });
    await expect(second).rejects.toThrow(`another stack (process ${stack.pid}) runs on ${join(parent, 'home')}`);
  });

  test('names a port that is taken, and the setting that changes it', async () => {
    const free = await freeStackPort();
    const squatter = createServer().listen(free + 4, '127.0.0.1');
    const third = spawnStack({ home: join(parent, 'other'), port: free });
    await expect(third).rejects.toThrow(`port ${free + 4} is in use by another program: stop it, or set TALLY_PORT`);
    squatter.close();
  });

  test('writes the lines of its services into its log, and not one to the terminal', async () => {
    const lines = (await readFile(join(parent, 'home', 'stack.log'), 'utf8')).trimEnd().split('\n');
    const names = new Set(lines.map((line) => (JSON.parse(line) as { name: string }).name));
    expect(names).toEqual(
      new Set(['trust', 'tsa', 'ca', 'log-rekor', 'log-ct', 'witness-1', 'witness-2', 'witness-3', 'monitor']),
    );
    expect(stack.output()).not.toContain('"level"');
  });

  test('ends with 0 on SIGTERM, and starts again after SIGKILL', async () => {
    expect(await stack.kill('SIGTERM')).toBe(0);
    stopped = true;
    const home = join(parent, 'home');
    const killed = await spawnStack({ home, port });
    expect(await killed.kill('SIGKILL')).toBe('SIGKILL');
    const last = await spawnStack({ home, port });
    expect(await last.kill('SIGINT')).toBe(0);
  });
});
