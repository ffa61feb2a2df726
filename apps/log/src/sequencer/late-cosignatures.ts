import { setTimeout as delay } from 'node:timers/promises';
import type { NoteSignature } from '#libs/note';
import type { CheckpointSigned } from '../events.js';
import type { Witnesses } from './witnesses.js';

/** Witnesses that could not be had are asked again after this, unless there is a newer checkpoint. */
const RETRY_MS = 30_000;

/**
 * For a log that publishes first: asks the witnesses about the newest published checkpoint, one checkpoint at a time, while
 * the log goes on.
 */
export class LateCosignatures {
  #next: CheckpointSigned | undefined;
  #asked: bigint | undefined;
  #running: Promise<void> | undefined;
  #wakeUp = new AbortController();
  readonly #closing = new AbortController();

  /** `arrived` gets each set of cosignatures that is larger than the one before it. */
  constructor(
    private readonly witnesses: Witnesses,
    private readonly arrived: (signed: CheckpointSigned, cosignatures: readonly NoteSignature[]) => void,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** A checkpoint is published. Each is asked for once. */
  ask(published: CheckpointSigned): void {
    if (this.#asked === published.size || this.#closing.signal.aborted) return;
    this.#asked = published.size;
    this.#next = published;
    this.#wakeUp.abort();
    this.#running ??= this.#run()
      .catch(this.failed)
      .finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let had = 0;
    let last: CheckpointSigned | undefined;
    for (;;) {
      const checkpoint = this.#next;
      if (checkpoint === undefined || signal.aborted) return;
      if (checkpoint !== last) had = 0;
      last = checkpoint;
      this.#wakeUp = new AbortController();
      const { cosignatures, complete } = await this.witnesses.collect(checkpoint, signal);
      if (cosignatures.length > had) this.arrived(checkpoint, cosignatures);
      had = Math.max(had, cosignatures.length);
      if (this.#next !== checkpoint) continue;
      if (complete) this.#next = undefined;
      else
        await delay(RETRY_MS, undefined, { signal: AbortSignal.any([signal, this.#wakeUp.signal]) }).catch(
          () => undefined,
        );
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }
}
