import { randomUUID } from 'node:crypto';
import { sha256, toHex } from '#crypto';
import { ByteReader, concatBytes, utf8Decode, utf8Encode, u64, vector } from '#libs/crypto';
import { EventStoreError, type EventStore, type Expected } from '#libs/event-store';
import { formatNote, parseNote } from '#libs/note';
import { originHash } from '#libs/tlog';
import type { Logger } from 'pino';
import { originPrefix, type HeldHead } from './held-head.js';
import type { HeldHeads } from './held-heads.js';

const PREFIX = 'heads-';
/**
 * What is held of one origin, whole in each event, so that only the last one counts:
 *
 *     u16 length || origin   ( u8 anchor   u8 reserved   u64 since, ms   u16 length || from   u24 length || note )*
 */
const HEADS_HELD = 'HeadsHeld/v1';
/** Most heads find their proof within this time, and are then no news. */
const SETTLE_MS = 1_000;

export interface StoredHead {
  readonly anchor: boolean;
  readonly reserved: boolean;
  readonly sinceMs: number;
  readonly from: string;
  /** With the cosignatures that were seen on it: the other half of a contradiction may come later. */
  readonly note: Uint8Array;
}

/** Heads that wait for a proof, through restarts. With `anchors`, those too: a witness keeps its own in another stream. */
export class HeadStore {
  readonly #revisions = new Map<string, Expected>();
  readonly #written = new Map<string, string>();
  readonly #changed = new Map<string, HeldHeads>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: EventStore,
    private readonly anchors: boolean,
    private readonly logger: Logger,
  ) {}

  /** What was held at the last stop, by origin. @throws EventStoreError, BytesError for an event that has changed */
  async load(): Promise<Map<string, readonly StoredHead[]>> {
    const held = new Map<string, readonly StoredHead[]>();
    for await (const event of this.store.readAll({ streamPrefix: PREFIX })) {
      if (event.type !== HEADS_HELD) throw new Error(`${event.stream} has an event of type ${event.type}`);
      const { origin, heads } = decode(event.data);
      this.#revisions.set(event.stream, event.revision);
      held.set(origin, heads);
    }
    return held;
  }

  /** Writes it soon. Nobody was promised anything: a head that is lost in a crash is held by whoever sent it. */
  changed(held: HeldHeads): void {
    this.#changed.set(held.origin, held);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // After the one before: two at once would take the same revision from each other.
      this.#writing = this.#writing.then(() => this.#write());
    }, SETTLE_MS).unref();
  }

  /** Writes what has changed, and resolves when it is durable. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    await this.#write();
  }

  async #write(): Promise<void> {
    const changed = [...this.#changed.values()];
    this.#changed.clear();
    await Promise.all(changed.map((held) => this.#writeOne(held)));
  }

  async #writeOne(held: HeldHeads): Promise<void> {
    const stream = PREFIX + (held.isTwin ? originHash(held.origin) : originPrefix(held.origin));
    const known = this.#revisions.get(stream);
    const anchors = this.anchors ? held.anchors : [];
    if (known === undefined && anchors.length === 0 && held.loose.length === 0) return;
    const data = encode(held.origin, [
      ...anchors.map((head) => ({ ...head, note: cosignedNote(head), anchor: true })),
      ...held.loose.map((head) => ({ ...head, note: cosignedNote(head), anchor: false })),
    ]);
    const digest = toHex(sha256(data));
    if (this.#written.get(stream) === digest) return;
    try {
      const event = { id: randomUUID(), type: HEADS_HELD, data };
      const { last } = await this.store.append(stream, known ?? 'no_stream', [event]);
      this.#revisions.set(stream, last);
      this.#written.set(stream, digest);
      if (last > 0n) await this.store.truncateBefore(stream, last);
    } catch (error) {
      this.logger.warn({ err: error, origin: held.origin }, 'could not store the heads that wait for a proof');
      // With the next write of any log, or at the end: the whole again, from where the stream is by then.
      this.#changed.set(held.origin, held);
      if (error instanceof EventStoreError && error.code === 'unavailable') return;
      await this.store.head(stream).then(
        (head) => this.#revisions.set(stream, head),
        () => undefined,
      );
    }
  }
}

function cosignedNote({ note, cosignatures }: HeldHead): Uint8Array {
  if (cosignatures.length === 0) return note;
  const { text, signatures } = parseNote(note);
  return formatNote({ text, signatures: [...signatures, ...cosignatures] });
}

function encode(origin: string, heads: readonly StoredHead[]): Uint8Array {
  return concatBytes(
    vector(2, utf8Encode(origin)),
    ...heads.flatMap(({ anchor, reserved, sinceMs, from, note }) => [
      Uint8Array.of(anchor ? 1 : 0, reserved ? 1 : 0),
      u64(BigInt(Math.max(0, Math.floor(sinceMs)))),
      vector(2, utf8Encode(from)),
      vector(3, note),
    ]),
  );
}

function decode(data: Uint8Array): { origin: string; heads: readonly StoredHead[] } {
  const reader = new ByteReader(data);
  const origin = utf8Decode(reader.vector(2));
  const heads: StoredHead[] = [];
  while (reader.remaining > 0) {
    heads.push({
      anchor: reader.u8() === 1,
      reserved: reader.u8() === 1,
      sinceMs: Number(reader.u64()),
      from: utf8Decode(reader.vector(2)),
      note: reader.vector(3),
    });
  }
  return { origin, heads };
}
