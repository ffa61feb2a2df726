import type { Cosignatures } from './cosignatures.js';
import type { StoredHead } from './head-store.js';
import { openNote, type Intake } from './intake.js';
import type { LogDirectory } from './known-log.js';

export interface DormantHeadsOptions {
  readonly logs: LogDirectory;
  readonly intake: Intake;
  readonly cosignatures: Cosignatures;
}

/** What was held at the last stop of logs that are not known: a list of logs is read after the start, and may grow later. */
export class DormantHeads {
  readonly #stored: Map<string, readonly StoredHead[]>;

  constructor(
    stored: ReadonlyMap<string, readonly StoredHead[]>,
    private readonly options: DormantHeadsOptions,
  ) {
    this.#stored = new Map(stored);
  }

  /** Of each log that is known by now. */
  wakeKnown(): void {
    for (const origin of this.#stored.keys()) if (this.options.logs.find(origin)) this.wake(origin);
  }

  /** Takes in what was held of a log. */
  wake(origin: string): void {
    const { logs, intake, cosignatures: observed } = this.options;
    const stored = this.#stored.get(origin);
    if (stored === undefined) return;
    this.#stored.delete(origin);
    for (const { note, anchor, reserved, sinceMs, from } of stored) {
      const opened = openNote(note, logs.find(origin));
      const cosignatures = observed.observe(note, opened);
      for (const head of opened) {
        intake.take(head, { from, reserved, sinceMs, cosignatures });
        if (anchor) intake.advance(head, from);
      }
    }
  }
}
