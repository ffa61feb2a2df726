import { setImmediate } from 'node:timers/promises';
import type { AppendBell } from './append-bell.js';
import { checkRevision, checkStreamName } from './append-rule.js';
import type { Revision, StoredEvent, SubscribeOptions } from './event-store.js';

/** Some events from `from` on, read in one step. `more` says that there were others that didn't fit. */
export interface Page {
  readonly events: readonly StoredEvent[];
  readonly more: boolean;
}

/**
 * The subscription of a store that is in this process: reads pages, and sleeps when there is nothing to read. At most
 * one page is in memory, and the revision is the only state, so an append can neither be missed nor be seen twice.
 */
export async function* follow(
  stream: string,
  { from, signal }: SubscribeOptions,
  bell: AppendBell,
  readPage: (from: Revision) => Page,
): AsyncGenerator<StoredEvent | 'caught-up', void, undefined> {
  checkStreamName(stream);
  checkRevision(from);
  let next = from;
  let live = false;
  while (!signal.aborted) {
    const { events, more } = readPage(next);
    if (more) live = false; // it fell behind, and is reading history again
    for (const event of events) {
      yield event;
      if (signal.aborted) return;
      next = event.revision + 1n;
    }
    if (more) {
      await setImmediate(); // reading is synchronous: let others have the loop
    } else if (!live) {
      live = true;
      yield 'caught-up';
    } else if (events.length === 0) {
      await bell.wait(stream, signal);
    }
  }
}
