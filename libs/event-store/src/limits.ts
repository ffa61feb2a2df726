import type { Limits } from './event-store.js';

/** Of the stores in this process. An append is one transaction, and a transaction is held in memory. */
export const EMBEDDED_LIMITS: Limits = {
  appendBytes: 8 * 1024 * 1024,
  eventBytes: 2 * 1024 * 1024,
  appendEvents: 1024,
};

/** A page of a read: as many events as fit, but at least one. */
export const PAGE_EVENTS = 256;
export const PAGE_BYTES = 1024 * 1024;

/**
 * Of KurrentDB. A server up to 24.10 takes 1 MiB in one append as it comes (`MaxAppendSize`), and measures more than we do:
 * every type twice. From 25.1 on it is 256 MiB in one append and 16 MiB in one event.
 */
export const KURRENT_LIMITS: Limits = {
  appendBytes: 768 * 1024,
  eventBytes: 768 * 1024,
  appendEvents: 1024,
};
