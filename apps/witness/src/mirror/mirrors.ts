import { join } from 'node:path';
import { EventStore, SqliteEventStore } from '#libs/event-store';
import { openSignedHeads } from '#libs/evidence';
import { formatVerifierKey } from '#libs/note';
import type { ServiceContext } from '#libs/server';
import { TileStore } from '#libs/tile-store';
import { originHash } from '#libs/tlog';
import type { Logger } from 'pino';
import { Cosigner } from '../cosigning/cosigner.js';
import { readSubmission } from '../cosigning/proposal.js';
import { refuse, type Refusal } from '../cosigning/refusal.js';
import { KnownLogs } from '../logs/known-logs.js';
import type { CheckpointConflict } from './conflict.js';
import { DiskRoom } from './disk-room.js';
import { Follower } from './follower.js';
import { MirrorMetrics } from './mirror-metrics.js';
import type { PendingCheckpoint } from './mirror-events.js';
import type { MirrorListener, MirrorOptions } from './mirror-options.js';
import { MirroredLog, type ProposalAnswer } from './mirrored-log.js';
import { Tickets } from './tickets.js';

const FOLLOW_INTERVAL_MS = 10_000;

/** Every log of the mirror, its key, and those of its logs that it follows. */
export class Mirrors {
  readonly tickets = new Tickets();
  readonly #byHash: ReadonlyMap<string, MirroredLog>;
  readonly #stop = new AbortController();
  #following: Promise<void>[] = [];
  #listener: MirrorListener;

  private constructor(
    readonly cosigner: Cosigner,
    readonly logs: ReadonlyMap<string, MirroredLog>,
    readonly metrics: MirrorMetrics,
    readonly logger: Logger,
    private readonly known: KnownLogs,
    private readonly store: EventStore,
    private readonly options: MirrorOptions,
  ) {
    this.#listener = { observer: options.observer, onConflict: options.onConflict };
    this.#byHash = new Map([...logs.values()].map((log) => [originHash(log.origin), log]));
  }

  /** @throws NoteError, TileStoreError, EventStoreError; a log whose files are damaged is no error, readiness names it */
  static async open(options: MirrorOptions, { logger, registry, readiness }: ServiceContext): Promise<Mirrors> {
    const { name, signers, directory, fileSystem, now = posixSeconds } = options;
    const cosigner = new Cosigner(name, signers.ed25519, signers.mlDsa44);
    const tiles = await Promise.all(
      options.logs.map(({ origin }) =>
        TileStore.open({ directory: join(directory, originHash(origin)), ...(fileSystem && { fileSystem }) }),
      ),
    );
    const room = options.freeBytes ? new DiskRoom(options.freeBytes) : DiskRoom.of(directory);
    const open = options.openStore ?? (() => SqliteEventStore.open({ path: join(directory, 'events.sqlite') }));
    // After everything else that can fail, so that nothing has to be closed when the start does.
    const store = await open();
    const logs = new Map(
      options.logs.map(({ origin }, i) => {
        const refuses = (head: PendingCheckpoint): string | undefined => mirrors.#refuses(head);
        const parts = { origin, store, tiles: tiles[i] as TileStore, cosigner, logger, now, room, refuses };
        return [origin, new MirroredLog(parts)];
      }),
    );
    const known = new KnownLogs(options.logs.flatMap(({ keys }) => keys));
    const metrics = new MirrorMetrics(registry, logs.size, room);
    const mirrors = new Mirrors(cosigner, logs, metrics, logger, known, store, options);
    for (const log of logs.values()) {
      await log
        .open()
        .catch((err: unknown) => logger.error({ err, origin: log.origin }, 'a mirrored log is not usable'));
    }
    readiness.add(
      'mirror',
      async () =>
        [...logs.values()].map((log) => log.problem()).find((problem) => problem !== undefined) ??
        (await room.problem()),
    );
    logger.info({ name, verifierKeys: cosigner.keys.map(formatVerifierKey), logs: logs.size }, 'mirroring');
    return mirrors;
  }

  /** By the SHA-256 of the origin, lower-case hex. */
  byHash(hash: string): MirroredLog | undefined {
    return this.#byHash.get(hash);
  }

  /** Whether there is a mirror checkpoint of the log, and nothing that speaks against it. */
  isCosigned(origin: string): boolean {
    const served = this.logs.get(origin)?.served();
    return served !== undefined && this.#refuses(served) === undefined;
  }

  /** tlog-mirror, add-checkpoint: the body of a witness's. */
  async addCheckpoint(body: Uint8Array): Promise<ProposalAnswer | Refusal> {
    const submission = readSubmission(body, this.known);
    if (submission.kind === 'refused') return submission;
    const { proposal, heads } = submission;
    for (const head of heads) {
      const reason = this.#listener.observer?.refuses(head);
      if (reason !== undefined) return refuse('frozen', reason);
      this.#listener.observer?.seen(head);
    }
    const log = this.logs.get(proposal.checkpoint.origin);
    if (log === undefined) throw new Error(`${proposal.checkpoint.origin} is known and not mirrored`);
    return log.propose(proposal);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#following);
    await this.store.close();
  }

  /** A checkpoint was pending before its log was convicted, or the process began anew since. */
  #refuses({ checkpoint, note }: PendingCheckpoint): string | undefined {
    const keys = this.known.keysOf(checkpoint.origin).map(({ key }) => key);
    const reasons = openSignedHeads(note, keys).map((head) => this.#listener.observer?.refuses(head));
    return reasons.find((reason) => reason !== undefined);
  }

  /** From now on these are told; before `follow`, so that they miss nothing. */
  connect(listener: MirrorListener): void {
    this.#listener = listener;
  }

  /** Begins to look at the logs that have a URL. */
  follow(): void {
    const { logs, followIntervalMs: intervalMs = FOLLOW_INTERVAL_MS } = this.options;
    const told = (conflict: CheckpointConflict): void => {
      this.metrics.conflicted();
      const [kept, found] = [conflict.kept, conflict.found].map((note) => new TextDecoder().decode(note));
      this.logger.error({ origin: conflict.origin, kept, found }, 'a log has signed two histories');
      this.#listener.onConflict?.(conflict);
    };
    for (const { origin, url, policy } of logs) {
      const log = this.logs.get(origin);
      if (log === undefined || url === undefined) continue;
      const follower = new Follower({
        log,
        url,
        ...(policy && { policy }),
        propose: (body) => this.addCheckpoint(body),
        verifiers: this.known.keysOf(origin).map(({ verifier }) => verifier),
        onConflict: told,
        looked: (outcome) => this.metrics.looked(outcome),
        logger: this.logger,
      });
      this.#following.push(follower.run(intervalMs, this.#stop.signal));
    }
  }
}

function posixSeconds(): bigint {
  return BigInt(Math.floor(Date.now() / 1000));
}
