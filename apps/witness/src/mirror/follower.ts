import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '#crypto';
import { CodedError } from '#libs/crypto';
import { ServiceError, fetchCheckpoint, fetchEntryBundle, fetchTile, type CallOptions } from '#libs/client';
import { proveConsistency, proveSubtreeConsistency, type NodeReader } from '#libs/merkle';
import { formatNote, type NoteVerifier } from '#libs/note';
import {
  evaluatePolicy,
  formatAddCheckpointRequest,
  openCheckpoint,
  packageRanges,
  tileNodeReader,
  type Checkpoint,
  type PackageRange,
  type ReadPackage,
  type TlogPolicy,
} from '#libs/tlog';
import type { Logger } from 'pino';
import type { Refusal } from '../cosigning/refusal.js';
import type { CheckpointConflict, ConflictListener } from './conflict.js';
import { contradiction, forkedFrom } from './fork.js';
import { MirrorError } from './mirror-error.js';
import type { PendingCheckpoint } from './mirror-events.js';
import type { MirroredLog, ProposalAnswer } from './mirrored-log.js';

export interface FollowerParts {
  readonly log: MirroredLog;
  /** The log's prefix by tlog-tiles. */
  readonly url: string;
  readonly policy?: TlogPolicy;
  readonly verifiers: readonly NoteVerifier[];
  /** Hands on the body of an add-checkpoint: what is fetched goes the way of what is pushed. */
  readonly propose: (body: Uint8Array) => Promise<ProposalAnswer | Refusal>;
  readonly onConflict: ConflictListener;
  readonly looked: (outcome: RoundOutcome) => void;
  readonly logger: Logger;
}

/**
 * - `current`: all of the newest checkpoint was held already; `advanced`: it is now
 * - `stale`: the log shows a checkpoint from before the pending one: ignored
 * - `conflict`: it shows one that contradicts what is held: never followed
 * - `failed`: it can't be read, or what it serves is not what it signed
 */
export type RoundOutcome = 'current' | 'advanced' | 'stale' | 'conflict' | 'failed';

/** What a log that can't be followed waits for at most, however often it failed. */
const BACK_OFF_MAX_MS = 15 * 60_000;
const TIMEOUT_MS = 30_000;
/** Bundles of one log on their way at one moment: each may have 16 MiB. */
const BUNDLES_IN_FLIGHT = 4;
/** Bundles that share a reader of tiles, and a tile of the level above theirs: what it keeps in memory has an end. */
const BUNDLES_PER_READER = 256;
/** Packages that are saved together, when they are small. */
const BATCH_PACKAGES = 16;
const BATCH_BYTES = 1024 * 1024;

/** Follows one log: reads its checkpoint, then the entries that are missing, and proves each bundle before it is stored. */
export class Follower {
  /** Conflicts that were told. */
  #told: string | undefined;

  constructor(private readonly parts: FollowerParts) {}

  /** Until the signal aborts. One log's slowness is its own: each has its own loop, and waits longer the more often it failed. */
  async run(intervalMs: number, signal: AbortSignal): Promise<void> {
    const { log, logger, looked } = this.parts;
    let failures = 0;
    while (!signal.aborted) {
      let wantedMs = 0;
      try {
        const outcome = await this.look(signal);
        failures = outcome === 'conflict' ? failures + 1 : 0;
        looked(outcome);
      } catch (err) {
        if (signal.aborted) return;
        failures++;
        wantedMs = err instanceof ServiceError ? Math.min(err.retryAfterMs ?? 0, BACK_OFF_MAX_MS) : 0;
        looked('failed');
        logger.warn({ err, origin: log.origin, failures }, 'a log could not be followed');
      }
      const pauseMs = Math.max(wantedMs, waitMs(intervalMs, failures, Math.random()));
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One look at the log, to the end of what it has. @throws ServiceError, MirrorError, TileStoreError, EventStoreError, the signal's reason */
  async look(signal: AbortSignal): Promise<RoundOutcome> {
    const { log } = this.parts;
    const found = await this.#fetchHead(signal);
    const pending = await log.pending();
    if (pending !== undefined && found.checkpoint.size <= pending.checkpoint.size) {
      const conflict = await contradiction(log, found, pending);
      if (conflict) return this.#tell(conflict);
    } else {
      const outcome = await this.#propose(found, pending, signal);
      if (outcome !== undefined) return outcome;
    }
    const caughtUp = await this.#catchUp(signal);
    return caughtUp ? 'advanced' : pending && found.checkpoint.size < pending.checkpoint.size ? 'stale' : 'current';
  }

  async #fetchHead(signal: AbortSignal): Promise<PendingCheckpoint> {
    const { log, url, policy, verifiers } = this.parts;
    const bytes = await fetchCheckpoint(url, options(signal));
    try {
      const { checkpoint, note, verified } = openCheckpoint(bytes, verifiers);
      if (checkpoint.origin !== log.origin) throw untrusted(`it is one of ${checkpoint.origin}`);
      if (policy && !evaluatePolicy(policy, note).quorum) throw untrusted('it misses its quorum');
      return { checkpoint, note: formatNote({ text: note.text, signatures: verified }) };
    } catch (cause) {
      if (cause instanceof MirrorError || !(cause instanceof CodedError)) throw cause;
      throw untrusted(cause.message, { cause });
    }
  }

  /** Makes a larger checkpoint the pending one. Undefined when it is. */
  async #propose(
    found: PendingCheckpoint,
    pending: PendingCheckpoint | undefined,
    signal: AbortSignal,
  ): Promise<'conflict' | undefined> {
    const { checkpoint, note } = found;
    const oldSize = pending?.checkpoint.size ?? 0n;
    const read = this.#reader(checkpoint.size, signal);
    const proof = oldSize === 0n ? [] : await proveConsistency(oldSize, checkpoint.size, read);
    const answer = await this.parts.propose(formatAddCheckpointRequest({ oldSize, proof, checkpoint: note }));
    switch (answer.kind) {
      case 'pending':
        return undefined;
      case 'conflict':
      case 'busy':
        return undefined; // somebody has pushed a newer one meanwhile: that one is caught up with
      case 'refused': {
        // A proof that does not hold proves nothing. What does is the root that the log's own new tree has at the old size.
        const conflict = pending && (await forkedFrom(pending, found, proof, read));
        if (conflict) return this.#tell(conflict);
        throw new MirrorError('not-consistent', `the checkpoint of size ${checkpoint.size}: ${answer.message}`);
      }
    }
  }

  #tell(conflict: CheckpointConflict): 'conflict' {
    const key = toHex(conflict.found);
    if (this.#told !== key) this.parts.onConflict(conflict);
    this.#told = key;
    return 'conflict';
  }

  /** Fetches what is missing of the pending checkpoint's tree, and cosigns it. False if nothing was. */
  async #catchUp(signal: AbortSignal): Promise<boolean> {
    const { log } = this.parts;
    const head = await log.pending();
    if (head === undefined) return false;
    await log.open();
    const served = log.served();
    if (served !== undefined && served.checkpoint.size >= head.checkpoint.size) return false;
    const reason = log.refuses(head);
    if (reason !== undefined) throw new MirrorError('frozen', reason);
    try {
      let batch: ReadPackage[] = [];
      let bytes = 0;
      const save = async (): Promise<void> => {
        const { problem } = await log.addPackages(head.checkpoint, batch);
        if (problem !== undefined) throw new MirrorError('wrong-entries', problem);
        batch = [];
        bytes = 0;
      };
      for await (const one of this.#packages(await log.nextEntry(), head.checkpoint, signal)) {
        batch.push(one);
        bytes += one.entries.reduce((sum, { length }) => sum + length, 0);
        if (batch.length === BATCH_PACKAGES || bytes >= BATCH_BYTES) await save();
      }
      await save();
    } catch (error) {
      await log.recordProgress();
      throw error;
    }
    return (await log.commit(head)).kind === 'cosigned';
  }

  /** What the log would have pushed: its bundles, with proofs made of its tiles. */
  async *#packages(from: bigint, head: Checkpoint, signal: AbortSignal): AsyncGenerator<ReadPackage, void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const queue: Promise<ReadPackage>[] = [];
    let count = 0;
    let read = this.#reader(head.size, either);
    try {
      for (const range of from < head.size ? packageRanges(from, head.size) : []) {
        if (count++ % BUNDLES_PER_READER === 0) read = this.#reader(head.size, either);
        const fetched = this.#package(range, head, read, either);
        fetched.catch(() => undefined); // it is awaited in its turn, or not at all
        queue.push(fetched);
        if (queue.length >= BUNDLES_IN_FLIGHT) yield await (queue.shift() as Promise<ReadPackage>);
      }
      for (const fetched of queue) yield await fetched;
    } finally {
      stop.abort();
      await Promise.allSettled(queue);
    }
  }

  async #package(range: PackageRange, head: Checkpoint, read: NodeReader, signal: AbortSignal): Promise<ReadPackage> {
    const { subtreeStart, start, end } = range;
    const index = subtreeStart / 256n;
    const [bundle, proof] = await Promise.all([
      fetchEntryBundle(this.parts.url, index, Number(end - subtreeStart), options(signal)),
      proveSubtreeConsistency(subtreeStart, end, head.size, read),
    ]);
    return { range, entries: bundle.slice(Number(start - subtreeStart)), proof };
  }

  #reader(size: bigint, signal: AbortSignal): NodeReader {
    return tileNodeReader(size, (level, index, width) =>
      fetchTile(this.parts.url, level, index, width, options(signal)),
    );
  }
}

/** Doubles with every failure, up to a quarter of an hour, and half of it by chance: logs that went down together don't come back together. */
export function waitMs(intervalMs: number, failures: number, random: number): number {
  const longest = Math.min(Math.max(BACK_OFF_MAX_MS, intervalMs), intervalMs * 2 ** Math.min(failures, 30));
  return longest * (0.5 + random / 2);
}

function options(signal: AbortSignal): CallOptions {
  return { signal, timeoutMs: TIMEOUT_MS, tries: 1 };
}

function untrusted(problem: string, cause?: ErrorOptions): MirrorError {
  return new MirrorError('untrusted-checkpoint', `the checkpoint that the log serves: ${problem}`, cause);
}
