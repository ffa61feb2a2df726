import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandBus } from '@nestjs/cqrs';
import { describe, expect, test } from '@jest/globals';
import { Registry } from 'prom-client';
import { EventStoreError, MemoryEventStore, type Appended } from '#libs/event-store';
import { Observer as GossipObserver } from '#libs/gossip';
import { HttpError, createLogger } from '#libs/server';
import { generateSigner } from '#libs/signer';
import { formatAddCheckpointRequest, originHash } from '#libs/tlog';
import { SignedLog } from '../../../../test/signed-log.js';
import { WitnessMetrics } from '../metrics.js';
import { AddCheckpointController } from './add-checkpoint.controller.js';
import { AddCheckpoint, AddCheckpointHandler } from './add-checkpoint.handler.js';
import { Budget } from './budget.js';
import { Cosigner } from './cosigner.js';
import { Gate } from './gate.js';
import { Heads } from './heads.js';
import { Sightings } from '../gossip/sightings.js';
import { WatchedLogs } from '../gossip/watched-logs.js';
import { KnownLogs } from '../logs/known-logs.js';
import { LastRun } from '../lookback/last-run.js';
import { Lookback } from '../lookback/lookback.js';
import { OutdatedRecords } from '../lookback/outdated.js';
import { LatestCosigned } from './latest-cosigned.js';

const quiet = createLogger('witness', { write: () => undefined });
const log = new SignedLog('log.example.com');
const cosigner = new Cosigner('witness.example.org/w1', generateSigner('witness', 'ed25519'));

async function handler(store: MemoryEventStore): Promise<AddCheckpointHandler> {
  const heads = new Heads(store, quiet);
  const outdated = await OutdatedRecords.open(store, quiet);
  const lastRun = await LastRun.read(tmpdir(), quiet);
  const lookback = new Lookback({ heads, verifiers: cosigner.verifiers, outdated, lastRun, logger: quiet });
  const logs = new KnownLogs([log.signer.key]);
  const observer = await GossipObserver.open({
    store,
    evidenceDirectory: await mkdtemp(join(tmpdir(), 'evidence-')),
    logs: new WatchedLogs(logs, false),
    witnesses: [],
    storeAnchors: false,
    logger: quiet,
  });
  const sightings = new Sightings({ observer, heads, ownKeys: cosigner.keys, gossips: false, logger: quiet });
  const gate = new Gate(sightings, lookback, new Budget(), new LatestCosigned());
  return new AddCheckpointHandler(logs, heads, cosigner, gate);
}

/** A store that always has a reason not to append. */
class RefusingStore extends MemoryEventStore {
  constructor(private readonly code: 'wrong-expected-revision' | 'unavailable') {
    super();
  }

  override append(): Promise<Appended> {
    return Promise.reject(new EventStoreError(this.code, 'as the test asked for', { actual: 'no_stream' }));
  }
}

describe('two witnesses on one store', () => {
  test('cosign one of two first checkpoints, though neither knows of the other', async () => {
    const store = new MemoryEventStore();
    const bodies = await Promise.all([log.request(0, 5), log.forkAt(2).request(0, 6)]);
    const answers = await Promise.all(
      bodies.map(async (body) => (await handler(store)).execute(new AddCheckpoint(body))),
    );
    expect(answers.map(({ kind }) => kind).toSorted()).toEqual(['conflict', 'cosigned']);
    expect(await store.head(`witness-${originHash(log.origin)}`)).toBe(0n);
  });

  test('both give a fresh time when both are asked for one', async () => {
    const store = new MemoryEventStore();
    const [one, two] = [await handler(store), await handler(store)];
    await one.execute(new AddCheckpoint(await log.request(0, 5)));
    const body = await log.request(5, 5);
    const answers = await Promise.all([one, two].map((witness) => witness.execute(new AddCheckpoint(body))));
    expect(answers.map(({ kind }) => kind)).toEqual(['cosigned', 'cosigned']);
  });
});

describe('a request that can not be stored', () => {
  test.each(['wrong-expected-revision', 'unavailable'] as const)('is answered 503: %s', async (code) => {
    const refusing = await handler(new RefusingStore(code));
    const commands = { execute: (command: AddCheckpoint) => refusing.execute(command) } as unknown as CommandBus;
    const metrics = new WitnessMetrics(new Registry(), { logs: () => 1, frozen: () => 0, outdated: () => 0 });
    const answer = new AddCheckpointController(commands, metrics).addCheckpoint(await log.request(0, 5));
    await expect(answer).rejects.toBeInstanceOf(HttpError);
    await expect(answer).rejects.toMatchObject({
      status: 503,
      options: { headers: { 'retry-after': expect.any(String) } },
    });
  });
});

describe('a checkpoint that is too long to be gossiped', () => {
  test('is not cosigned: nobody would ever see that it contradicts another', async () => {
    const witness = await handler(new MemoryEventStore());
    const padded = await log.note({ ...log.head(5), extensions: ['x'.repeat(16_384)] });
    const body = formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint: padded });
    expect(await witness.execute(new AddCheckpoint(body))).toMatchObject({ reason: 'malformed-request' });
    const shorter = await log.note({ ...log.head(5), extensions: ['x'.repeat(16_000)] });
    const other = formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint: shorter });
    expect(await witness.execute(new AddCheckpoint(other))).toMatchObject({ kind: 'cosigned' });
  });
});
