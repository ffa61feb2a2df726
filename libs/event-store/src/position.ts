import type { Position } from './event-store.js';
import { EventStoreError } from './event-store-error.js';

/** Of the stores in this process: a count, at a fixed width, so that the order of strings is that of numbers. */
export function formatPosition(count: bigint): Position {
  return count.toString(16).padStart(16, '0') as Position;
}

/** @throws EventStoreError invalid-request */
export function parsePosition(position: Position): bigint {
  if (/^[0-7][0-9a-f]{15}$/.test(position)) return BigInt(`0x${position}`);
  throw new EventStoreError('invalid-request', `${JSON.stringify(position)} is no position of this store`);
}
