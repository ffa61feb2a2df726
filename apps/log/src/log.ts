import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '#crypto';
import { KurrentEventStore, SqliteEventStore, type EventStore } from '#libs/event-store';
import { proveConsistency, proveInclusion } from '#libs/merkle';
import type { ServiceContext } from '#libs/server';
import { TileStore, type FileSystem } from '#libs/tile-store';
import { parsePolicy, tileNodeReader, type FetchTile } from '#libs/tlog';
import type { LogConfig } from './config.js';
import type { LogKind } from './log-kind.js';
import { LogMetrics } from './metrics.js';
import { recover } from './recovery.js';
import { Checkpointer } from './sequencer/checkpointer.js';
import { Freeze } from './sequencer/freeze.js';
import { MarkFile } from './sequencer/mark.js';
import { Pool } from './sequencer/pool.js';
import { Publications, type PublishedCheckpoint } from './sequencer/publications.js';
import { Sequencer } from './sequencer/sequencer.js';
import { SNAPSHOT_ENTRIES, Snapshots } from './sequencer/snapshots.js';
import type { Sequenced } from './sequencer/tree.js';
import { Witnesses, type ProveFrom } from './sequencer/witnesses.js';
import { SnapshotFile } from './snapshot.js';
import { WitnessLinks } from './witness-links.js';
import { cachedTiles, uncachedTiles } from './tiles/tile-cache.js';

/** No checkpoint with its quorum for this long: the client is asked to come back. */
const PUBLICATION_TIMEOUT_MS = 3_000;
/** Room for what an append carries beside the leaves. */
const APPEND_OVERHEAD = 0.9;
const ROUND_BYTES = 8 * 1024 * 1024;
/** Entries that are committed should be published within this; later, the log says that it isn't ready. */
const PUBLICATION_PROMISE_MS = 10_000;

/** The store of a log's events: that of its settings, unless somebody hands in another. */
export type OpenStore = (config: LogConfig) => Promise<EventStore>;

export const openConfigured: OpenStore = ({ dataDirectory, eventStoreUrl }) =>
  eventStoreUrl === undefined
    ? SqliteEventStore.open({ path: join(dataDirectory, 'events.sqlite') })
    : KurrentEventStore.open({ url: eventStoreUrl });

/** What a log stands on, for whoever wants it to stand on something else. */
export interface LogParts {
  readonly openStore?: OpenStore;
  /** Of the tiles and of the mark; default: that of the machine. */
  readonly fileSystem?: FileSystem;
  /** Unix milliseconds. */
  readonly now?: () => number;
  /** Entries from one snapshot to the next. */
  readonly snapshotEntries?: bigint;
}

/** A log that runs: what its API asks of it. */
export class Log<Submission = never> {
  private constructor(
    readonly tiles: TileStore,
    readonly metrics: LogMetrics,
    /** What bundles and SCTs name this log by. */
    readonly logId: Uint8Array,
    private readonly store: EventStore,
    private readonly sequencer: Sequencer<Submission>,
    private readonly checkpointer: Checkpointer<Submission>,
    private readonly publications: Publications,
    private readonly snapshots: Snapshots,
    private readonly fetchTile: FetchTile,
    private readonly links: WitnessLinks,
  ) {}

  /** Opens the store, recovers, and is ready to be started. @throws LogError and the errors of the stores */
  static async open<Submission>(
    config: LogConfig,
    kind: LogKind<Submission>,
    context: ServiceContext,
    { openStore = openConfigured, fileSystem, now = Date.now, snapshotEntries = SNAPSHOT_ENTRIES }: LogParts = {},
  ): Promise<Log<Submission>> {
    const policy = config.policyFile === undefined ? undefined : parsePolicy(await readFile(config.policyFile, 'utf8'));
    const store = await openStore(config); // first: it holds the lock of the folder
    let links: WitnessLinks | undefined;
    try {
      links = await WitnessLinks.open(policy, config, context);
      const tiles = await TileStore.open({
        directory: join(config.dataDirectory, 'tiles'),
        ...(fileSystem && { fileSystem }),
      });
      const stream = `log-${toHex(kind.logId)}`;
      const checkpointStream = `${stream}-checkpoints`;
      const { logger } = context;
      const { origin, inception } = config;
      const fetchTile = cachedTiles(tiles);
      const snapshot = new SnapshotFile(config.dataDirectory, origin, fileSystem);
      const mark = new MarkFile(config.markFile, origin, fileSystem);
      const recovered = await recover({
        kind,
        origin,
        inception,
        store,
        isSharedStore: config.eventStoreUrl !== undefined,
        stream,
        checkpointStream,
        tiles,
        fetchTile: uncachedTiles(tiles),
        snapshot,
        dedupeDirectory: join(config.dataDirectory, 'dedupe'),
        mark,
        policy,
        witnesses: links.all,
        logger,
        now,
      });
      const { tree, dedupe, checkpoints, published, heads } = recovered;

      const metrics = new LogMetrics(context.registry);
      const freeze = new Freeze(logger);
      const publications = new Publications();
      if (published) publications.publish(published);
      const prove = lastProof((oldSize, size) => proveConsistency(oldSize, size, tileNodeReader(size, fetchTile)));
      const witnesses = policy && new Witnesses(policy, links.all, prove, metrics, logger);
      const pool = new Pool<Submission>(
        config.poolLimit,
        Math.min(ROUND_BYTES, store.limits.appendBytes * APPEND_OVERHEAD),
      );
      const snapshots = new Snapshots(snapshot, dedupe, snapshotEntries, logger);
      const checkpointer = new Checkpointer({
        kind,
        origin,
        store,
        stream: checkpointStream,
        checkpoints,
        tree,
        tiles,
        mark,
        witnesses,
        publications,
        intervalMs: config.checkpointIntervalMs,
        mayBegin: () => heads.ask(),
        catchUp: () => sequencer.catchUp(),
        freeze,
        snapshots,
        metrics,
        logger,
        now,
      });
      const committed = (): void => checkpointer.wake();
      const sequencer = new Sequencer({ kind, store, stream, tree, pool, freeze, metrics, now, committed });
      metrics.observe(pool, freeze, now);
      metrics.treeSize.set(Number(tree.size));
      context.readiness.add('log', () => freeze.reason);
      context.readiness.add('checkpoint', () => (publications.current ? undefined : 'no checkpoint is published yet'));
      context.readiness.add('publication', () => lateness(checkpointer.behindMs()));
      return new Log(
        tiles,
        metrics,
        kind.logId,
        store,
        sequencer,
        checkpointer,
        publications,
        snapshots,
        fetchTile,
        links,
      );
    } catch (error) {
      await links?.close();
      await store.close();
      throw error;
    }
  }

  /** Publishes what recovery found unpublished, the checkpoint of the empty log included. */
  start(): void {
    this.checkpointer.wake();
  }

  /**
   * Commits an entry of `bytes` bytes, or finds that it is in the log already.
   * @throws LogError pool-full, closing, frozen
   */
  add(submission: Submission, bytes: number): Promise<Sequenced> {
    return this.sequencer.add(submission, bytes);
  }

  /** The published checkpoint. */
  current(): PublishedCheckpoint | undefined {
    return this.publications.current;
  }

  /** The newest published checkpoint that covers the entry. @throws LogError no-quorum */
  published(index: bigint): Promise<PublishedCheckpoint> {
    return this.publications.covering(index, PUBLICATION_TIMEOUT_MS);
  }

  /** The inclusion proof of an entry in the tree of `size` entries (RFC 6962 §2.1.1). */
  proveInclusion(index: bigint, size: bigint): Promise<Uint8Array[]> {
    return proveInclusion(index, size, tileNodeReader(size, this.fetchTile));
  }

  /** Rounds that have begun are committed; what is not yet published is at the next start. */
  async close(): Promise<void> {
    await this.sequencer.close();
    await this.checkpointer.close();
    await this.links.close();
    await this.snapshots.close();
    await this.store.close();
  }
}

function lateness(behindMs: number): string | undefined {
  if (behindMs <= PUBLICATION_PROMISE_MS) return undefined;
  return `entries have waited ${Math.round(behindMs / 1000)} s for a checkpoint, the promise is ${PUBLICATION_PROMISE_MS / 1000} s`;
}

/** Witnesses that keep up ask for the same proof at the same time. */
function lastProof(prove: ProveFrom): ProveFrom {
  let last: { readonly oldSize: bigint; readonly size: bigint; readonly proof: ReturnType<ProveFrom> } | undefined;
  return (oldSize, size) => {
    if (oldSize === 0n || oldSize >= size) return Promise.resolve([]);
    if (last?.oldSize !== oldSize || last.size !== size) {
      last = { oldSize, size, proof: prove(oldSize, size) };
      last.proof.catch(() => (last = undefined)); // tried anew by whoever asks next
    }
    return last.proof;
  };
}
