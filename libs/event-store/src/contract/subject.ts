import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventId } from '../event-id.js';
import type { EventStore, NewEvent, StoredEvent } from '../event-store.js';

/** A store under test. What was in it before does not matter: every test has streams of its own. */
export interface Subject {
  readonly store: EventStore;
  readonly dispose: () => Promise<void>;
}

/** One that outlives the process. */
export interface DurableSubject extends Subject {
  /** Closes the store and opens it again. */
  readonly reopen: () => Promise<DurableSubject>;
}

export function newStream(prefix = 'contract'): string {
  return `${prefix}-${randomUUID()}`;
}

export function newEvent(content: string | Uint8Array = randomUUID()): NewEvent {
  const data = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { id: eventId('contract', data), type: 'Tested/v1', data };
}

export function newEvents(count: number): NewEvent[] {
  return Array.from({ length: count }, () => newEvent());
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export async function idsOf(store: EventStore, stream: string): Promise<string[]> {
  return (await collect(store.readStream(stream))).map((event) => event.id);
}

export const revisionsOf = (events: readonly StoredEvent[]): bigint[] => events.map((event) => event.revision);

/** The memory of all byte arrays that somebody still holds. */
export function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().arrayBuffers;
}
