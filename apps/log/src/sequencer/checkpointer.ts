import { setTimeout as delay } from 'node:timers/promises';
import { utf8Encode } from '#libs/crypto';
import { EventStoreError, type EventStore, type NewEvent, type Revision } from '#libs/event-store';
import { formatNote, formatSignatureLine, signNote, type NoteSignature } from '#libs/note';
import type { TileStore } from '#libs/tile-store';
import { formatCheckpoint } from '#libs/tlog';
import type { Logger } from 'pino';
import { checkpointPublished, checkpointSigned, type CheckpointSigned } from '../events.js';
import type { LogKind } from '../log-kind.js';
import type { LogMetrics } from '../metrics.js';
import type { Snapshot } from '../snapshot.js';
import { followCheckpoints, withCosignatures, type Checkpoints } from './checkpoints.js';
import type { Freeze } from './freeze.js';
import { LateCosignatures } from './late-cosignatures.js';
import type { MarkFile } from './mark.js';
import type { Publications } from './publications.js';
import type { Snapshots } from './snapshots.js';
import { isTransient } from './transient.js';
import type { Tree } from './tree.js';
import type { Witnesses } from './witnesses.js';

/** After a try that found no quorum. */
const QUORUM_RETRY_MS = 250;
const TRANSIENT_RETRY_MS = 1_000;

export interface CheckpointerParts<Submission> {
  readonly kind: LogKind<Submission>;
  readonly origin: string;
  readonly store: EventStore;
  readonly stream: string;
  readonly checkpoints: Checkpoints;
  readonly tree: Tree<Submission>;
  readonly tiles: TileStore;
  readonly mark: MarkFile;
  /** Undefined for a log whose checkpoints carry its own signature only. */
  readonly witnesses: Witnesses | undefined;
  readonly publications: Publications;
  /** At least this long from one signature to the next. */
  readonly intervalMs: number;
  /** Whether it is known what others have seen of this log. */
  readonly mayBegin: () => Promise<boolean>;
  /** Brings the tree up to the store, when another writer was seen. */
  readonly catchUp: () => Promise<void>;
  readonly freeze: Freeze;
  readonly snapshots: Snapshots;
  readonly metrics: LogMetrics;
  readonly logger: Logger;
  readonly now: () => number;
}

interface Cosigned {
  readonly signed: CheckpointSigned;
  readonly cosignatures: readonly NoteSignature[];
}

interface Unrecorded {
  readonly size: bigint;
  readonly note: Uint8Array;
  readonly cosignatures: readonly NoteSignature[];
}

/**
 * Brings committed entries before the public: tiles, mark, signature, event, cosignatures, publication, its record, in this
 * order. (A log that publishes first has its cosignatures at the end, and publishes and records once more.)
 * One checkpoint at a time, always of the newest size; the sizes that came and went meanwhile are skipped.
 */
export class Checkpointer<Submission> {
  #checkpoints: Checkpoints;
  #running: Promise<void> | undefined;
  #signedAt = -Infinity;
  /** The size whose tiles this process has written. */
  #filesOf: bigint | undefined;
  /** The tree as it was when it was last signed. */
  #signing: Omit<Snapshot, 'runs' | 'checkpointRevision'> | undefined;
  /** The published checkpoint, until it is on record. */
  #unrecorded: Unrecorded | undefined;
  /** Since when there is something that isn't published. */
  #behindSince: number | undefined;
  /** Undefined for a log that waits for its cosignatures, or has no witnesses. */
  readonly #late: LateCosignatures | undefined;
  /** What came in of those. */
  #arrived: Cosigned | undefined;
  readonly #closing = new AbortController();

  constructor(private readonly parts: CheckpointerParts<Submission>) {
    const { kind, witnesses, freeze } = parts;
    this.#checkpoints = parts.checkpoints;
    if (kind.cosigned === 'before-publication' || !witnesses) return;
    const arrived = (signed: CheckpointSigned, cosignatures: readonly NoteSignature[]): void => {
      this.#arrived = { signed, cosignatures };
      this.#running ??= this.#run();
    };
    this.#late = new LateCosignatures(witnesses, arrived, (error) => freeze.freeze(error));
  }

  /** There may be something to publish. */
  wake(): void {
    if (!this.#isDone()) this.#behindSince ??= performance.now();
    this.#running ??= this.#run();
  }

  /** Milliseconds that committed entries have waited to be published. */
  behindMs(): number {
    return this.#behindSince === undefined ? 0 : performance.now() - this.#behindSince;
  }

  #isDone(): boolean {
    return this.parts.publications.current?.size === this.parts.tree.size;
  }

  async #run(): Promise<void> {
    const { freeze, logger } = this.parts;
    await Promise.resolve(); // so that it can't end before it counts as running
    while (this.#hasWork() && freeze.reason === undefined && !this.#closing.signal.aborted) {
      try {
        if (this.#unrecorded) {
          await this.#record(this.#unrecorded);
          continue;
        }
        if (this.#arrived) {
          this.#publishAgain(this.#arrived);
          continue;
        }
        if (!(await this.parts.mayBegin())) {
          await this.#pause(QUORUM_RETRY_MS);
          continue;
        }
        await this.#pause(this.#signedAt + this.parts.intervalMs - performance.now());
        const signed = await this.#sign();
        if (!signed) continue;
        const cosignatures = this.#late ? [] : await this.#cosign(signed);
        if (cosignatures) this.#publish(signed, cosignatures);
        else await this.#pause(QUORUM_RETRY_MS);
      } catch (error) {
        if (this.#closing.signal.aborted) break;
        if (isTransient(error)) {
          logger.error({ err: error }, 'nothing can be published for now; trying again');
          await this.#pause(TRANSIENT_RETRY_MS).catch(() => undefined);
        } else {
          freeze.freeze(error);
        }
      }
    }
    if (freeze.reason === undefined) this.#askWitnesses(); // at a start, for what was published before
    this.#running = undefined; // in the same step as the last look at the tree: a wake from now on starts anew
  }

  #hasWork(): boolean {
    return !this.#isDone() || this.#unrecorded !== undefined || this.#arrived !== undefined;
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#closing.signal });
  }

  /** The checkpoint of everything committed, signed; undefined when another writer was faster. */
  async #sign(): Promise<CheckpointSigned | undefined> {
    const { kind, origin, stream, tree, mark, metrics, now } = this.parts;
    const last = this.#checkpoints.signed;
    if (last && last.size > tree.size) {
      await this.parts.catchUp();
      return undefined;
    }
    const [size, root] = [tree.size, tree.root()];
    this.#signing = { size, root, revision: tree.revision, lastSequencedAtMs: tree.lastSequencedAtMs };
    await this.#writeFiles(size);
    if (last?.size === size) return last; // signed before, and not yet published
    // Time moves on from checkpoint to checkpoint, and no entry is newer than the checkpoint that covers it.
    const lastTimes = [last, mark.last].map((signed) => Number(signed?.timestampMs ?? -1n) + 1);
    const times = [now(), ...lastTimes, Number(tree.lastSequencedAtMs)];
    const timestampMs = BigInt(Math.max(...times));
    await mark.write({ size, root, timestampMs });
    const text = formatCheckpoint({ origin, size, root, extensions: [] });
    const note = formatNote(await signNote(text, [kind.noteSigner(timestampMs)]));
    this.#signedAt = performance.now();
    const signed = { size, root, timestampMs, note };
    const signedRevision = await this.#append(checkpointSigned(stream, signed));
    if (signedRevision === undefined) return undefined;
    this.#checkpoints = { ...this.#checkpoints, signed, signedRevision };
    metrics.signedSize.set(Number(size));
    return signed;
  }

  /** Never sign what can't be read: full tiles and bundles are durable, partial ones are in place. */
  async #writeFiles(size: bigint): Promise<void> {
    if (this.#filesOf === size) return;
    const { tree, tiles, metrics } = this.parts;
    const stop = metrics.tileSeconds.startTimer();
    const { full, partial } = tree.files();
    await tiles.writeFull(full);
    tree.forgetFiles(full.length);
    await tiles.writePartial(partial);
    this.#filesOf = size;
    stop();
  }

  async #cosign(signed: CheckpointSigned): Promise<readonly NoteSignature[] | undefined> {
    const stop = this.parts.metrics.cosignSeconds.startTimer();
    const cosignatures = this.parts.witnesses ? await this.parts.witnesses.cosign(signed, this.#closing.signal) : [];
    stop();
    return cosignatures;
  }

  /**
   * What was signed is durable, and its tiles can be read: nobody has to wait until it is on record who cosigned it. After a
   * crash in between, the same checkpoint is cosigned and published again.
   */
  #publish(signed: CheckpointSigned, cosignatures: readonly NoteSignature[]): void {
    const { tree, publications, snapshots, metrics, now } = this.parts;
    const { size, root } = signed;
    const note = withCosignatures(signed.note, cosignatures);
    publications.publish({ size, root, note });
    this.#unrecorded = { size, note, cosignatures };
    this.#behindSince = this.#isDone() ? undefined : performance.now();
    metrics.published(Number(size), now());
    const { signedRevision: checkpointRevision } = this.#checkpoints;
    // A frozen log is read from its last snapshot to the event that froze it.
    if (this.#signing?.size !== size || checkpointRevision === undefined || tree.isFrozen) return;
    snapshots.consider({ ...this.#signing, checkpointRevision });
  }

  /** With the cosignatures that came after it was published; a checkpoint that has been overtaken stays as it was. */
  #publishAgain({ signed, cosignatures }: Cosigned): void {
    this.#arrived = undefined;
    const { current } = this.parts.publications;
    if (signed.size === this.#checkpoints.signed?.size && signed.size === current?.size) {
      this.#publish(signed, cosignatures);
    }
  }

  #askWitnesses(): void {
    const { signed } = this.#checkpoints;
    if (signed && signed.size === this.parts.publications.current?.size) this.#late?.ask(signed);
  }

  async #record({ size, note, cosignatures }: Unrecorded): Promise<void> {
    const lines = utf8Encode(cosignatures.map(formatSignatureLine).join(''));
    const event = checkpointPublished(this.parts.stream, { size, cosignatures: lines });
    if ((await this.#append(event)) !== undefined) await this.parts.tiles.writeCheckpoint(note);
    this.#unrecorded = undefined;
    this.#askWitnesses();
  }

  /** The revision in the checkpoint stream; undefined when another writer was first, and then we have caught up with it. */
  async #append(event: NewEvent): Promise<Revision | undefined> {
    const { store, stream } = this.parts;
    for (;;) {
      try {
        const { last } = await store.append(stream, this.#checkpoints.revision, [event]);
        this.#checkpoints = { ...this.#checkpoints, revision: last };
        return last;
      } catch (error) {
        if (!(error instanceof EventStoreError)) throw error;
        if (error.code === 'wrong-expected-revision') {
          this.#checkpoints = await followCheckpoints(store, stream, this.#checkpoints);
          return undefined;
        }
        if (error.code !== 'outcome-unknown') throw error;
        await this.#pause(QUORUM_RETRY_MS);
      }
    }
  }

  /** Finishes the step under way; what it leaves is found at the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#late?.close();
    await this.#running;
  }
}
