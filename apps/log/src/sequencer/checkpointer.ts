import { setTimeout as delay } from 'node:timers/promises';
import { utf8Encode } from '#libs/crypto';
import { EventStoreError, type EventStore, type NewEvent } from '#libs/event-store';
import { formatNote, formatSignatureLine, parseNote, signNote, type NoteSignature } from '#libs/note';
import { TileStoreError, type TileStore } from '#libs/tile-store';
import { formatCheckpoint } from '#libs/tlog';
import type { Logger } from 'pino';
import { checkpointPublished, checkpointSigned, type CheckpointSigned } from '../events.js';
import type { LogKind } from '../log-kind.js';
import type { LogMetrics } from '../metrics.js';
import { followCheckpoints, type Checkpoints } from './checkpoints.js';
import type { Freeze } from './freeze.js';
import type { MarkFile } from './mark.js';
import type { Publications } from './publications.js';
import type { Tree } from './tree.js';
import type { Witnesses } from './witnesses.js';

/** After a try that found no quorum. */
const QUORUM_RETRY_MS = 250;

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
  readonly freeze: Freeze;
  readonly metrics: LogMetrics;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Brings committed entries before the public: tiles, mark, signature, event, cosignatures, publication, in this order.
 * One checkpoint at a time, always of the newest size; the sizes that came and went meanwhile are skipped.
 */
export class Checkpointer<Submission> {
  #checkpoints: Checkpoints;
  #running: Promise<void> | undefined;
  #signedAt = -Infinity;
  readonly #closing = new AbortController();

  constructor(private readonly parts: CheckpointerParts<Submission>) {
    this.#checkpoints = parts.checkpoints;
  }

  /** There may be something to publish. */
  wake(): void {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    const { freeze, publications, tree, logger } = this.parts;
    const done = (): boolean => publications.current?.size === tree.size;
    while (!done() && freeze.reason === undefined && !this.#closing.signal.aborted) {
      try {
        await this.#pause(this.#signedAt + this.parts.intervalMs - performance.now());
        const signed = await this.#sign();
        if (!signed) continue;
        const cosignatures = await this.#cosign(signed);
        if (cosignatures) await this.#publish(signed, cosignatures);
        else await this.#pause(QUORUM_RETRY_MS);
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (error instanceof TileStoreError && error.code === 'no-space') {
          logger.error({ err: error }, 'no room for tiles; trying again');
          await this.#pause(QUORUM_RETRY_MS);
        } else {
          freeze.freeze(error);
        }
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    if (ms > 0) await delay(ms, undefined, { signal: this.#closing.signal });
  }

  /** The checkpoint of everything committed, signed; undefined when another writer was faster. */
  async #sign(): Promise<CheckpointSigned | undefined> {
    const { kind, origin, stream, tree, mark, metrics, now } = this.parts;
    const last = this.#checkpoints.signed;
    if (last && last.size === tree.size) return last; // signed before, and not yet published
    const [size, root] = [tree.size, tree.root()];
    await this.#writeFiles();
    // Time moves on from checkpoint to checkpoint, and no entry is newer than the checkpoint that covers it.
    const times = [now(), Number(last?.timestampMs ?? -1n) + 1, Number(tree.lastSequencedAtMs)];
    const timestampMs = BigInt(Math.max(...times));
    await mark.write({ size, root, timestampMs });
    const text = formatCheckpoint({ origin, size, root, extensions: [] });
    const note = formatNote(await signNote(text, [kind.noteSigner(timestampMs)]));
    this.#signedAt = performance.now();
    const signed = { size, root, timestampMs, note };
    if (!(await this.#append(checkpointSigned(stream, signed)))) return undefined;
    this.#checkpoints = { ...this.#checkpoints, signed };
    metrics.signedSize.set(Number(size));
    return signed;
  }

  /** Never sign what can't be read: full tiles and bundles are durable, partial ones are in place. */
  async #writeFiles(): Promise<void> {
    const { tree, tiles, metrics } = this.parts;
    const stop = metrics.tileSeconds.startTimer();
    const { full, partial } = tree.files();
    await tiles.writeFull(full);
    tree.forgetFiles(full.length);
    await tiles.writePartial(partial);
    stop();
  }

  async #cosign(signed: CheckpointSigned): Promise<readonly NoteSignature[] | undefined> {
    const stop = this.parts.metrics.cosignSeconds.startTimer();
    const cosignatures = this.parts.witnesses ? await this.parts.witnesses.cosign(signed, this.#closing.signal) : [];
    stop();
    return cosignatures;
  }

  async #publish(signed: CheckpointSigned, cosignatures: readonly NoteSignature[]): Promise<void> {
    const { stream, tiles, publications, metrics, now } = this.parts;
    const lines = utf8Encode(cosignatures.map(formatSignatureLine).join(''));
    if (!(await this.#append(checkpointPublished(stream, { size: signed.size, cosignatures: lines })))) return;
    const note = withCosignatures(signed.note, cosignatures);
    await tiles.writeCheckpoint(note);
    publications.publish({ size: signed.size, root: signed.root, note });
    metrics.published(Number(signed.size), now());
  }

  /** Appends to the checkpoint stream; false when another writer did so first, and then we have caught up with it. */
  async #append(event: NewEvent): Promise<boolean> {
    const { store, stream } = this.parts;
    for (;;) {
      try {
        const { last } = await store.append(stream, this.#checkpoints.revision, [event]);
        this.#checkpoints = { ...this.#checkpoints, revision: last };
        return true;
      } catch (error) {
        if (!(error instanceof EventStoreError)) throw error;
        if (error.code === 'wrong-expected-revision') {
          this.#checkpoints = await followCheckpoints(store, stream, this.#checkpoints);
          return false;
        }
        if (error.code !== 'outcome-unknown') throw error;
        await this.#pause(QUORUM_RETRY_MS);
      }
    }
  }

  /** Finishes the step under way; what it leaves is found at the next start. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }
}

/** The note as it is published. */
export function withCosignatures(note: Uint8Array, cosignatures: readonly NoteSignature[]): Uint8Array {
  const { text, signatures } = parseNote(note);
  return formatNote({ text, signatures: [...signatures, ...cosignatures] });
}
