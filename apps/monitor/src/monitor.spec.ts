import { readFileSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { verifyEvidence } from '#libs/evidence';
import { formatVerifierKey } from '#libs/note';
import { parsePolicy } from '#libs/tlog';
import { startLyingLog } from '../../../test/equivocation/lying-log.js';
import { localServer, type LocalServer } from '../../../test/local-server.js';
import { cosigner, ed25519Signer, rfc6962Signer } from '../../../test/note-signers.js';
import { acknowledge } from './acknowledge.js';
import type { MonitorConfig } from './config.js';
import { RunningMonitor } from './testing/running-monitor.js';
import { TestLog, type TestLogOptions } from './testing/test-log.js';

const ORIGIN = 'log.example';
const now = (): bigint => BigInt(Math.floor(Date.now() / 1000));
/** Libp2p in a hurry. */
const quick = { p2pTuning: { heartbeatMs: 200, supervisorMs: 200, redialMinMs: 50, colocationWeight: 0 } };
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function logOf(options?: TestLogOptions): Promise<TestLog> {
  const log = await TestLog.start(ORIGIN, options);
  closers.push(() => log.close());
  return log;
}

async function monitorOf(log: TestLog, config: Partial<MonitorConfig> = {}): Promise<RunningMonitor> {
  const monitor = await RunningMonitor.start({ logs: [{ key: log.signer.key, url: log.url }], ...config });
  closers.push(() => monitor.remove());
  return monitor;
}

const mirrorOf = (copy: TestLog): Partial<MonitorConfig> => ({ mirrors: [{ origin: ORIGIN, url: copy.url }] });

describe('an honest log', () => {
  test('is followed as it grows, proven from head to head by its tiles, and nothing is said', async () => {
    const log = await logOf();
    await log.grow(5);
    const monitor = await monitorOf(log);
    await monitor.verified(5);
    for (const size of [6, 256, 300, 700]) {
      await log.grow(size);
      await monitor.verified(size);
    }
    expect(log.requests.some((path) => path.startsWith('/tile/'))).toBe(true);
    expect((await monitor.status()).alarms).toEqual([]);
    expect((await monitor.log()).unlinkedHeads).toBe(0);
  });

  test('that is empty at first is followed from there', async () => {
    const log = await logOf();
    await log.grow(0);
    const monitor = await monitorOf(log);
    await monitor.verified(0);
    await log.grow(3);
    await monitor.verified(3);
    expect(await monitor.openKinds()).toEqual([]);
  });

  test('is followed from where it was, after a new start', async () => {
    const log = await logOf();
    await log.grow(5);
    const monitor = await monitorOf(log);
    await monitor.verified(5);
    await monitor.stop();
    log.answers = false;
    await monitor.start();
    await monitor.verified(5);
    log.answers = true;
    await log.grow(9);
    await monitor.verified(9);
  });

  test('whose mirror and witness tally gives no alarm, and both are shown', async () => {
    const witness = cosigner('witness.example', now);
    const log = await logOf();
    await log.grow(5, [witness]);
    const mirror = await logOf({ signer: log.signer });
    await mirror.grow(5);
    const monitor = await monitorOf(log, {
      ...mirrorOf(mirror),
      witnesses: [{ name: 'w', key: witness.key, url: log.url }],
    });
    const { views, witnesses } = await monitor.until('three views', async () => {
      const found = await monitor.log();
      return found.views.every(({ size }) => size === '5') ? found : undefined;
    });
    expect(views.map(({ kind }) => kind)).toEqual(['log', 'mirror', 'witness']);
    expect(witnesses).toMatchObject([{ name: 'witness.example', size: '5' }]);
    expect(await monitor.openKinds()).toEqual([]);
  });
});

describe('a fork', () => {
  test('that a mirror shows at the same size is evidence, an alarm, and a file that holds by itself', async () => {
    const log = await logOf();
    await log.grow(5);
    const mirror = await logOf({ signer: log.signer, forkAt: 3 });
    await mirror.grow(5);
    const monitor = await monitorOf(log, mirrorOf(mirror));
    const alarm = await monitor.alarm('evidence');
    expect(alarm).toMatchObject({
      origin: ORIGIN,
      severity: 'error',
      evidence: expect.stringMatching(/^\/evidence\//),
    });
    const file = await monitor.text(alarm.evidence ?? '');
    expect(verifyEvidence(Buffer.from(file))).toMatchObject({ role: 'log', origin: ORIGIN });
    const [stored] = readdirSync(join(monitor.settings.dataDirectory, 'evidence'));
    expect(readFileSync(join(monitor.settings.dataDirectory, 'evidence', stored!), 'utf8')).toBe(file);
    expect(monitor.lines.filter((line) => line['alarm'] === 'evidence')).toHaveLength(1);
    expect((await monitor.log()).convicted).toEqual([formatVerifierKey(log.signer.key)]);
    expect(await monitor.text('/metrics')).toContain('tally_monitor_alarms{kind="evidence"} 1');
    const page = await monitor.text('/');
    expect(page).toContain(alarm.evidence);
    expect(page).not.toContain('<script');
  });

  test('that a mirror shows at another size is proven by its tiles', async () => {
    const log = await logOf();
    await log.grow(5);
    const mirror = await logOf({ signer: log.signer, forkAt: 3 });
    await mirror.grow(300);
    const monitor = await monitorOf(log, mirrorOf(mirror));
    await monitor.alarm('evidence');
    expect((await monitor.evidence()).map(({ kind, role }) => ({ kind, role }))).toEqual([
      { kind: 'different-sizes', role: 'log' },
    ]);
  });

  test('of a real log with two histories is proven, whichever of the two is the larger one', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tally-monitor-lying-'));
    closers.push(() => rm(directory, { recursive: true }));
    const log = await startLyingLog({ directory, forkAt: 3, sizes: { a: 7, b: 5 } });
    closers.push(() => log.close());
    const { key, urlA, urlB } = log;
    for (const [url, mirror] of [
      [urlA, urlB],
      [urlB, urlA],
    ] as const) {
      const monitor = await RunningMonitor.start({
        logs: [{ key, url }],
        mirrors: [{ origin: key.name, url: mirror }],
      });
      closers.push(() => monitor.remove());
      await monitor.alarm('evidence');
      expect((await monitor.evidence()).map(({ kind }) => kind)).toEqual(['different-sizes']);
    }
  });

  test('that the log itself goes over to while the monitor is down is found from the stored head', async () => {
    const log = await logOf();
    await log.grow(5);
    const monitor = await monitorOf(log);
    await monitor.verified(5);
    await monitor.stop();
    const forked = await logOf({ signer: log.signer, forkAt: 3 });
    await forked.grow(8);
    await monitor.start({ logs: [{ key: log.signer.key, url: forked.url }] });
    await monitor.alarm('evidence');
    expect((await monitor.log()).verified?.size).toBe('5');
  });

  test('convicts the witness that cosigned both sides, too', async () => {
    const witness = cosigner('witness.example', now);
    const log = await logOf();
    await log.grow(5, [witness]);
    const mirror = await logOf({ signer: log.signer, forkAt: 3 });
    const monitor = await monitorOf(log, {
      ...mirrorOf(mirror),
      witnesses: [{ name: 'w', key: witness.key }],
    });
    await monitor.verified(5);
    await mirror.grow(8, [witness]);
    const roles = await monitor.until('two evidences', async () => {
      const found = (await monitor.evidence()).map(({ role }) => role).sort();
      return found.length === 2 ? found : undefined;
    });
    expect(roles).toEqual(['log', 'witness']);
  });

  test('whose tiles nobody shows is an alarm, and no evidence', async () => {
    const log = await logOf();
    await log.grow(5);
    const monitor = await monitorOf(log);
    await monitor.verified(5);
    log.showsTiles = false;
    await log.grow(9);
    expect(await monitor.alarm('unproven')).toMatchObject({ message: expect.stringContaining('size 9') });
    expect(await monitor.evidence()).toEqual([]);
    log.showsTiles = true;
    await monitor.cleared('unproven');
    await monitor.verified(9);
  });

  test('stays an alarm through new starts, until the operator acknowledges it; the evidence stays', async () => {
    const log = await logOf();
    await log.grow(5);
    const mirror = await logOf({ signer: log.signer, forkAt: 3 });
    await mirror.grow(5);
    const monitor = await monitorOf(log, mirrorOf(mirror));
    const { id } = await monitor.alarm('evidence');
    const [evidence] = await monitor.evidence();
    await expect(acknowledge(monitor.settings, evidence!.id)).rejects.toMatchObject({ code: 'store-locked' });
    await monitor.stop();
    await monitor.start();
    expect((await monitor.alarms()).open).toMatchObject([{ id, kind: 'evidence' }]);
    await monitor.stop();
    await expect(acknowledge(monitor.settings, 'ffffffffffffffff')).rejects.toThrow(/no evidence has the ID/);
    await acknowledge(monitor.settings, evidence!.id.slice(0, 16));
    await monitor.start();
    expect(await monitor.cleared('evidence')).toMatchObject({ id });
    expect(await monitor.evidence()).toMatchObject([{ id: evidence!.id, frozen: false }]);
    await delay(200);
    expect(await monitor.openKinds()).toEqual([]);
  });
});

describe('a log that is not at its best', () => {
  test('and has become smaller is suspected, and not accused; it is over when it is back', async () => {
    const log = await logOf();
    const older = await log.grow(5);
    const newer = await log.grow(9);
    const monitor = await monitorOf(log);
    await monitor.verified(9);
    log.shown = older;
    expect(await monitor.alarm('rollback')).toMatchObject({ message: expect.stringContaining('5 entries') });
    expect(await monitor.evidence()).toEqual([]);
    expect((await monitor.log()).verified?.size).toBe('9');
    log.shown = newer;
    await monitor.cleared('rollback');
  });

  test('and was rolled back while the monitor was down is found', async () => {
    const log = await logOf();
    const older = await log.grow(5);
    await log.grow(9);
    const monitor = await monitorOf(log);
    await monitor.verified(9);
    await monitor.stop();
    log.shown = older;
    await monitor.start();
    await monitor.alarm('rollback');
  });

  test('and does not answer is an alarm after a while, once, and over when it answers', async () => {
    const log = await logOf();
    await log.grow(5);
    const monitor = await monitorOf(log);
    await monitor.verified(5);
    log.answers = false;
    const { since } = await monitor.alarm('unreachable');
    await delay(200);
    expect((await monitor.alarms()).open).toMatchObject([{ kind: 'unreachable', since }]);
    log.answers = true;
    await monitor.cleared('unreachable');
    expect(monitor.lines.filter((line) => line['alarm'] === 'unreachable').map((line) => line['state'])).toEqual([
      'raised',
      'cleared',
    ]);
  });

  test('and shows what another key signed counts as not answering', async () => {
    const log = await logOf();
    await log.grow(5);
    const stranger = await logOf({ signer: ed25519Signer(ORIGIN) });
    await stranger.grow(6);
    const monitor = await monitorOf(log, { logs: [{ key: log.signer.key, url: stranger.url }] });
    expect(await monitor.alarm('unreachable')).toMatchObject({ message: expect.stringContaining('no known key') });
  });

  test('holds up no other: one address that hangs, one that is asked as often as ever', async () => {
    const log = await logOf();
    await log.grow(5);
    const hanging = await localServer(() => undefined);
    closers.push(() => hanging.close());
    const other = ed25519Signer('hanging.example').key;
    const monitor = await monitorOf(log, {
      logs: [
        { key: log.signer.key, url: log.url },
        { key: other, url: hanging.url },
      ],
    });
    await monitor.verified(5);
    await log.grow(6);
    await monitor.verified(6);
    expect(hanging.requests).toHaveLength(1);
  });
});

describe('a published checkpoint', () => {
  const policyOf = (log: TestLog, witness: ReturnType<typeof cosigner>): Partial<MonitorConfig> => {
    const lines = [
      `log ${formatVerifierKey(log.signer.key)}`,
      `witness w ${formatVerifierKey(witness.key)}`,
      'quorum w',
    ];
    return { policies: [{ name: '/etc/policy', policy: parsePolicy(`${lines.join('\n')}\n`) }] };
  };

  test('without the quorum of the policy is an alarm, which ends with the cosignature', async () => {
    const witness = cosigner('witness.example', now);
    const log = await logOf();
    await log.grow(5);
    const monitor = await monitorOf(log, policyOf(log, witness));
    const alarm = await monitor.alarm('no-quorum');
    expect(alarm).toMatchObject({ subject: '/etc/policy', message: expect.stringContaining('0 of its 1 witnesses') });
    await log.grow(5, [witness]);
    await monitor.cleared('no-quorum');
    expect((await monitor.log()).policies).toMatchObject([{ met: true, witnesses: ['w'] }]);
  });

  test('whose newest cosignature is too old is an alarm', async () => {
    const witness = cosigner('witness.example', () => now() - 7200n);
    const log = await logOf();
    await log.grow(5, [witness]);
    const monitor = await monitorOf(log, policyOf(log, witness));
    await monitor.alarm('stale');
    await log.grow(6, [cosigner('stranger.example', now)]);
    await monitor.cleared('stale'); // no time of anybody that counts
  });

  test('is old as well if one witness gives it a time that no calendar has', async () => {
    const log = await logOf();
    const [witness, other] = [cosigner('w.example', () => now() - 7200n), cosigner('mad.example', 2n ** 63n - 1n)];
    await log.grow(5, [witness, other]);
    const monitor = await monitorOf(log, {
      witnesses: [witness, other].map(({ key }) => ({ name: key.name, key })),
    });
    expect(await monitor.alarm('stale')).toMatchObject({ message: expect.stringContaining('the newest time') });
    expect(await monitor.log()).toMatchObject({ verified: { size: '5' } });
  });

  test('of a CT log has a time of its own', async () => {
    const log = await logOf({ signer: rfc6962Signer(ORIGIN, () => BigInt(Date.now()) - 7_200_000n) });
    await log.grow(5);
    const monitor = await monitorOf(log);
    await monitor.alarm('stale');
  });
});

test('a mirror that stays behind for long is an alarm, and one that is a little behind is not', async () => {
  const log = await logOf();
  await log.grow(5);
  const mirror = await logOf({ signer: log.signer });
  await mirror.grow(5);
  const monitor = await monitorOf(log, mirrorOf(mirror));
  await monitor.verified(5);
  await log.grow(9);
  await monitor.verified(9);
  expect(await monitor.openKinds()).toEqual([]);
  expect(await monitor.alarm('view-behind')).toMatchObject({ subject: mirror.url });
  await mirror.grow(9);
  await monitor.cleared('view-behind');
});

test('a witness that has cosigned a log, and shows nothing of it any more, is an alarm; one that never did is none', async () => {
  const witness = cosigner('witness.example', now);
  const [log, shown] = [await logOf(), await logOf()];
  const stranger = await localServer((_, response) => void response.writeHead(404).end());
  closers.push(() => stranger.close());
  await log.grow(5);
  const monitor = await monitorOf(log, {
    logs: [{ key: log.signer.key, url: log.url }],
    witnesses: [
      { name: 'w', key: witness.key, url: shown.url },
      { name: 'stranger', key: cosigner('stranger.example', now).key, url: stranger.url },
    ],
  });
  shown.shown = await log.grow(6, [witness]);
  await monitor.until('the witness is seen', async () =>
    (await monitor.log()).views.find(({ name, size }) => name === 'w' && size === '6'),
  );
  shown.shown = undefined;
  expect(await monitor.alarm('view-behind')).toMatchObject({
    subject: shown.url,
    message: expect.stringContaining('nothing of this log any more'),
  });
  shown.shown = await log.grow(7, [witness]);
  await monitor.cleared('view-behind');
  expect(await monitor.openKinds()).toEqual([]);
});

test('a log that shows a peer of ours more than it shows us is an alarm after a while', async () => {
  const log = await logOf();
  await log.grow(5);
  const kept = await monitorOf(log, { p2p: ['/ip4/127.0.0.1/tcp/0'], ...quick });
  await kept.verified(5);
  const favoured = await logOf({ signer: log.signer });
  await favoured.grow(9);
  const [address] = (await kept.status()).gossip?.addresses ?? [];
  await monitorOf(favoured, { peers: [address!], ...quick });
  expect(await kept.alarm('view-behind')).toMatchObject({
    subject: log.url,
    message: expect.stringContaining('had 9'),
  });
  await log.grow(9);
  await kept.cleared('view-behind');
});

describe('the webhook', () => {
  interface Taker {
    readonly server: LocalServer;
    takes: boolean;
  }

  async function taker(takes: boolean): Promise<Taker> {
    const server = await localServer((_request, response) => {
      response.statusCode = taking.takes ? 204 : 503;
      response.end();
    });
    const taking: Taker = { server, takes };
    closers.push(() => server.close());
    return taking;
  }

  const messages = ({ server }: Taker): Record<string, unknown>[] =>
    server.requests.map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>);

  test('gets every alarm when it begins and when it is over, under one ID', async () => {
    const log = await logOf();
    await log.grow(5);
    const hook = await taker(true);
    const monitor = await monitorOf(log, { webhook: `${hook.server.url}/alarms` });
    await monitor.verified(5);
    log.answers = false;
    const { id } = await monitor.alarm('unreachable');
    log.answers = true;
    await monitor.cleared('unreachable');
    await monitor.until('two messages', async () => (messages(hook).length === 2 ? true : undefined));
    expect(messages(hook)).toMatchObject([
      {
        schema: 'tally/monitor-alarm/v1',
        id,
        state: 'raised',
        kind: 'unreachable',
        monitor: 'test monitor',
        cleared: null,
      },
      { id, state: 'cleared', cleared: expect.any(String) },
    ]);
  });

  test('is asked again until it takes an alarm, through a new start', async () => {
    const log = await logOf();
    await log.grow(5);
    const mirror = await logOf({ signer: log.signer, forkAt: 3 });
    await mirror.grow(5);
    const hook = await taker(false);
    const monitor = await monitorOf(log, { ...mirrorOf(mirror), webhook: hook.server.url });
    const { id } = await monitor.alarm('evidence');
    await monitor.until('two tries', async () => (hook.server.requests.length >= 2 ? true : undefined));
    expect((await monitor.status()).webhook).toMatchObject({ waiting: 1, problem: 'it answered HTTP 503' });
    await monitor.stop();
    const tried = hook.server.requests.length;
    hook.takes = true;
    await monitor.start();
    await monitor.until('delivery', async () => ((await monitor.status()).webhook?.waiting === 0 ? true : undefined));
    await delay(100);
    const taken = messages(hook).slice(tried);
    expect(taken).toMatchObject([{ id, kind: 'evidence', state: 'raised' }]);
  });
});

test('evidence that a peer publishes is an alarm here', async () => {
  const log = await logOf();
  await log.grow(5);
  const listening = await monitorOf(log, { p2p: ['/ip4/127.0.0.1/tcp/0'], ...quick });
  const [address] = (await listening.status()).gossip?.addresses ?? [];
  const second = await logOf({ signer: log.signer, forkAt: 3 });
  await second.grow(7);
  // The other monitor sees the other branch, and each has only its own.
  const other = await monitorOf(log, { logs: [{ key: log.signer.key, url: second.url }], peers: [address!], ...quick });
  await listening.alarm('evidence');
  await other.alarm('evidence');
  expect((await other.status()).gossip?.peers).toHaveLength(1);
});

test('what is no evidence is not found, whatever it is called', async () => {
  const log = await logOf();
  await log.grow(5);
  const monitor = await monitorOf(log);
  expect(await monitor.evidence()).toEqual([]);
  for (const name of ['0000000000000000.evidence', '..%2Fevents.sqlite', '.evidence', '%00']) {
    expect(await monitor.text(`/evidence/${name}`)).toContain('"status":404');
  }
});
