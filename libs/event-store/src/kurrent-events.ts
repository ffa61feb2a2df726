import type { RecordedEvent } from '@kurrent/kurrentdb-client';
import type { Position, StoredEvent } from './event-store.js';
import { EventStoreError } from './event-store-error.js';

/** A place in the transaction log of the server: two byte offsets. */
export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** At a fixed width, so that the order of strings is that of the transaction log. */
export function formatLogPosition({ commit, prepare }: LogPosition): Position {
  return `${hex(commit)}/${hex(prepare)}` as Position;
}

/** @throws EventStoreError invalid-request */
export function parseLogPosition(position: Position): LogPosition {
  const [, commit, prepare] = /^([0-9a-f]{16})\/([0-9a-f]{16})$/.exec(position) ?? [];
  if (commit === undefined || prepare === undefined) {
    throw new EventStoreError('invalid-request', `${JSON.stringify(position)} is no position of this store`);
  }
  return { commit: BigInt(`0x${commit}`), prepare: BigInt(`0x${prepare}`) };
}

/** What one read or subscription of the client yields. */
export interface Resolved {
  readonly event?: RecordedEvent | undefined;
}

/**
 * An event with bytes of its own: reads of the client yield Buffers that share memory, subscriptions yield views of a
 * message. What another program wrote as JSON comes as its JSON text.
 */
export function toStoredEvent({ event }: Resolved): StoredEvent {
  if (event?.position === undefined) {
    throw new EventStoreError('wrong-format', `${event?.streamId ?? 'an event'} was read without its position`);
  }
  const { streamId, revision, id, type, created, position } = event;
  const meta = toMeta(event.metadata);
  return {
    stream: streamId,
    revision,
    position: formatLogPosition(position),
    id,
    type,
    data: event.isJson ? new TextEncoder().encode(JSON.stringify(event.data)) : new Uint8Array(event.data),
    ...(meta && { meta }),
    recordedAt: created,
  };
}

/** The client has parsed it, if it was JSON. Only what the port could have written is taken. */
function toMeta(metadata: unknown): Record<string, string> | undefined {
  if (typeof metadata !== 'object' || metadata === null || ArrayBuffer.isView(metadata)) return undefined;
  const entries = Object.entries(metadata).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(entries) as Record<string, string>;
}

const hex = (offset: bigint): string => offset.toString(16).padStart(16, '0');
