import { ByteReader, concatBytes, u16, u64, utf8Decode, utf8Encode, vector } from '#libs/crypto';
import { eventId, type NewEvent, type StoredEvent } from '#libs/event-store';
import { LogError } from './log-error.js';

/**
 * The events of a log: fixed binary layouts, big-endian, with the version in the type's name. A layout never changes;
 * another one gets another name.
 */
export const EVENT = {
  logCreated: 'LogCreated/v1',
  entriesSequenced: 'EntriesSequenced/v1',
  logFrozen: 'LogFrozen/v1',
  checkpointSigned: 'CheckpointSigned/v1',
  checkpointPublished: 'CheckpointPublished/v1',
} as const;

export type KindName = 'rekor' | 'ct';
const KIND_CODES: Readonly<Record<KindName, number>> = { rekor: 0, ct: 1 };

/** `u8 kind ‖ u16 length ‖ origin` */
export interface LogCreated {
  readonly origin: string;
  readonly kind: KindName;
}

/** `u64 firstIndex ‖ u16 count ‖ u64 sequencedAtMs ‖ u24 length ‖ data ‖ u16 attachments ‖ (u24 length ‖ attachment)*` */
export interface EntriesSequenced {
  readonly firstIndex: bigint;
  /** 1 to 64. */
  readonly count: number;
  readonly sequencedAtMs: bigint;
  /** The leaves, encoded as the kind of the log does it. */
  readonly data: Uint8Array;
  /** What belongs to the entries, but not into the leaves. */
  readonly attachments: readonly Uint8Array[];
}

/** `u64 finalSize`: the last event of a log. Its entries and its final checkpoint stay; the next shard is another log. */
export interface LogFrozen {
  readonly finalSize: bigint;
}

/** `u64 size ‖ root[32] ‖ u64 timestampMs ‖ u16 length ‖ note` */
export interface CheckpointSigned {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly timestampMs: bigint;
  /** The note with the log's own signature: kept, because signing again may give other bytes. */
  readonly note: Uint8Array;
}

/** `u64 size ‖ u24 length ‖ note signature lines` */
export interface CheckpointPublished {
  readonly size: bigint;
  /** Signature lines of a note, UTF-8; empty when no witness is asked. */
  readonly cosignatures: Uint8Array;
}

function newEvent(type: string, stream: string, data: Uint8Array): NewEvent {
  return { id: eventId(type, stream, data), type, data };
}

/**
 * An event's id stands for its bytes, so that a bit that flipped in the store is seen before it is under a signed root.
 * @throws LogError damaged-event
 */
export function checkEventId({ id, type, stream, data, revision }: StoredEvent): void {
  if (id === eventId(type, stream, data)) return;
  throw new LogError('damaged-event', `event ${revision} of ${stream} has other bytes than when it was written`);
}

export function logCreated(stream: string, event: LogCreated): NewEvent {
  const data = concatBytes(Uint8Array.of(KIND_CODES[event.kind]), vector(2, utf8Encode(event.origin)));
  return newEvent(EVENT.logCreated, stream, data);
}

export function entriesSequenced(stream: string, event: EntriesSequenced): NewEvent {
  const data = concatBytes(
    u64(event.firstIndex),
    u16(event.count),
    u64(event.sequencedAtMs),
    vector(3, event.data),
    u16(event.attachments.length),
    ...event.attachments.map((attachment) => vector(3, attachment)),
  );
  return newEvent(EVENT.entriesSequenced, stream, data);
}

export function logFrozen(stream: string, { finalSize }: LogFrozen): NewEvent {
  return newEvent(EVENT.logFrozen, stream, u64(finalSize));
}

export function checkpointSigned(stream: string, event: CheckpointSigned): NewEvent {
  const data = concatBytes(u64(event.size), event.root, u64(event.timestampMs), vector(2, event.note));
  return newEvent(EVENT.checkpointSigned, stream, data);
}

export function checkpointPublished(stream: string, event: CheckpointPublished): NewEvent {
  return newEvent(EVENT.checkpointPublished, stream, concatBytes(u64(event.size), vector(3, event.cosignatures)));
}

export function readLogCreated(event: StoredEvent): LogCreated {
  return read(event, EVENT.logCreated, (reader) => {
    const code = reader.u8();
    const kind = (Object.keys(KIND_CODES) as KindName[]).find((name) => KIND_CODES[name] === code);
    if (!kind) throw new LogError('unknown-event', `a log of kind ${code}, which this version doesn't know`);
    return { kind, origin: utf8Decode(reader.vector(2)) };
  });
}

export function readEntriesSequenced(event: StoredEvent | NewEvent): EntriesSequenced {
  return read(event, EVENT.entriesSequenced, (reader) => {
    const [firstIndex, count, sequencedAtMs, data] = [reader.u64(), reader.u16(), reader.u64(), reader.vector(3)];
    const attachments = Array.from({ length: reader.u16() }, () => reader.vector(3));
    return { firstIndex, count, sequencedAtMs, data, attachments };
  });
}

export function readLogFrozen(event: StoredEvent | NewEvent): LogFrozen {
  return read(event, EVENT.logFrozen, (reader) => ({ finalSize: reader.u64() }));
}

export function readCheckpointSigned(event: StoredEvent): CheckpointSigned {
  return read(event, EVENT.checkpointSigned, (reader) => ({
    size: reader.u64(),
    root: reader.take(32),
    timestampMs: reader.u64(),
    note: reader.vector(2),
  }));
}

export function readCheckpointPublished(event: StoredEvent): CheckpointPublished {
  return read(event, EVENT.checkpointPublished, (reader) => ({ size: reader.u64(), cosignatures: reader.vector(3) }));
}

function read<T>(event: StoredEvent | NewEvent, type: string, decode: (reader: ByteReader) => T): T {
  const place = 'revision' in event ? `event ${event.revision} of ${event.stream}` : 'an event';
  if (event.type !== type) throw new LogError('unknown-event', `${place} is a ${event.type}, it should be a ${type}`);
  const reader = new ByteReader(event.data);
  try {
    const decoded = decode(reader);
    reader.end();
    return decoded;
  } catch (cause) {
    throw new LogError('unknown-event', `${place} is not laid out as a ${type}`, { cause });
  }
}
