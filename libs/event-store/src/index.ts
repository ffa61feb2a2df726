export { eventId } from './event-id.js';
export { EventStore } from './event-store.js';
export type {
  Appended,
  AppendOptions,
  Expected,
  Limits,
  NewEvent,
  Position,
  ReadAllOptions,
  ReadStreamOptions,
  Revision,
  StoredEvent,
  SubscribeOptions,
} from './event-store.js';
export { EventStoreError } from './event-store-error.js';
export type { EventStoreErrorCode } from './event-store-error.js';
export { KurrentEventStore } from './kurrent-event-store.js';
export type { KurrentOptions } from './kurrent-event-store.js';
export { MemoryEventStore } from './memory-event-store.js';
export { SqliteEventStore } from './sqlite-event-store.js';
