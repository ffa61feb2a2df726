import { randomUUID } from 'node:crypto';
import { equalBytes } from '#libs/crypto';
import { EventStoreError, type EventStore, type Expected, type NewEvent } from '#libs/event-store';
import type { Logger } from 'pino';
import {
  CHECKPOINT_COSIGNED,
  decodeCheckpointCosigned,
  encodeCheckpointCosigned,
  type CheckpointCosigned,
} from './checkpoint-cosigned.js';
import { Frequent } from './frequent.js';

/** Where an origin's stream ends, and what was cosigned there. */
export interface Head {
  readonly revision: Expected;
  readonly cosigned: CheckpointCosigned | undefined;
}

/**
 * Heads that are kept in memory, a few KiB each: of logs that bring their next checkpoint before so many others do. The rest
 * is read when it is asked for.
 */
const KEPT_HEADS = 4096;
/** Every so many events of a stream, those before are forgotten: each was linked by a proof to the one that is kept. */
const TRUNCATE_EVERY = 256n;
const APPEND_ATTEMPTS = 3;

/** The latest cosigned checkpoint of each origin: one stream per origin, of which only the last event is read. */
export class Heads {
  /** In the order of their last use. What is here was appended here: what was read may be overtaken meanwhile. */
  readonly #kept = new Map<string, Head>();
  readonly #frequent = new Frequent(KEPT_HEADS);
  #broken: string | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly logger: Logger,
  ) {}

  /** `originHash`: SHA-256 of the origin, in hex. @throws EventStoreError, Error for an event that can't be read */
  async load(originHash: string): Promise<Head> {
    const stream = streamOf(originHash);
    const kept = this.#kept.get(stream);
    if (kept) {
      this.#keep(stream, kept);
      return kept;
    }
    const event = await this.store.last(stream);
    // Whoever was here meanwhile has seen at least as much.
    const newer = this.#kept.get(stream);
    if (newer) return newer;
    if (!event) return { revision: 'no_stream', cosigned: undefined };
    return { revision: event.revision, cosigned: decodeCheckpointCosigned(event.type, event.data) };
  }

  /** The note of an origin's head, without keeping it in memory. @throws EventStoreError, Error for an event that can't be read */
  async recorded(originHash: string): Promise<Uint8Array | undefined> {
    const stream = streamOf(originHash);
    const kept = this.#kept.get(stream);
    if (kept) return kept.cosigned?.note;
    const event = await this.store.last(stream);
    return event && decodeCheckpointCosigned(event.type, event.data).note;
  }

  /**
   * Makes `cosigned` the head, durably, if `from` still is: the compare-and-swap that keeps us from cosigning two
   * histories. False if another request was first; what it appended is then seen by `load`.
   * @throws EventStoreError; whether the event is there is then unknown, and nothing may be said of it to anyone
   */
  async advance(originHash: string, from: Head, cosigned: CheckpointCosigned): Promise<boolean> {
    const stream = streamOf(originHash);
    // The same checkpoint again within a second: all of it is there.
    if (from.cosigned && isSame(from.cosigned, cosigned)) return true;

    // Not derived from the content: two requests that say the same must not pass for one that was repeated.
    const event = { id: randomUUID(), type: CHECKPOINT_COSIGNED, data: encodeCheckpointCosigned(cosigned) };
    try {
      const revision = await this.#append(stream, from.revision, event);
      if (this.#frequent.again(originHash)) this.#keep(stream, { revision, cosigned });
      else this.#kept.delete(stream);
      if (revision % TRUNCATE_EVERY === 0n) this.#truncate(stream, revision);
      return true;
    } catch (error) {
      this.#kept.delete(stream);
      const code = error instanceof EventStoreError ? error.code : undefined;
      if (code === 'wrong-expected-revision') return false;
      if (code === 'store-poisoned') this.#broken = 'a commit failed: only a new start can tell what is stored';
      throw error;
    }
  }

  /** Why no checkpoint can be cosigned; undefined if one can. */
  problem(): string | undefined {
    return this.#broken;
  }

  async #append(stream: string, expected: Expected, event: NewEvent): Promise<bigint> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.store.append(stream, expected, [event])).last;
      } catch (error) {
        // The same event at the same revision again until the answer is known: it is written once.
        const unknown = error instanceof EventStoreError && error.code === 'outcome-unknown';
        if (!unknown || attempt === APPEND_ATTEMPTS) throw error;
      }
    }
  }

  #keep(stream: string, head: Head): void {
    this.#kept.delete(stream);
    this.#kept.set(stream, head);
    if (this.#kept.size <= KEPT_HEADS) return;
    for (const [oldest] of this.#kept) {
      this.#kept.delete(oldest);
      return;
    }
  }

  /** Nobody waits for it: what stays too long only takes up space. */
  #truncate(stream: string, revision: bigint): void {
    this.store.truncateBefore(stream, revision).catch((error: unknown) => {
      this.logger.warn({ err: error, stream }, 'could not forget old checkpoints');
    });
  }
}

function isSame(a: CheckpointCosigned, b: CheckpointCosigned): boolean {
  return a.timestamp === b.timestamp && a.size === b.size && equalBytes(a.root, b.root) && equalBytes(a.note, b.note);
}

function streamOf(originHash: string): string {
  return `witness-${originHash}`;
}
