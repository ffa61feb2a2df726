import type { VerifierKey } from '#libs/note';

/** A log that this node is configured for. Nothing is held, relayed or judged of any other. */
export interface KnownLog {
  readonly origin: string;
  /** A head counts only under one of these. */
  readonly keys: readonly VerifierKey[];
  /** URLs that its tiles can be read from: the log's own, its mirrors'. Without any, heads of different sizes can't be compared. */
  readonly sources: readonly string[];
  /** How many checkpoints a day it has declared. More is a suspicion. */
  readonly checkpointsPerDay?: number;
}

/** The logs that the node's operator configured. There may be forty thousand: what it gives is made on demand. */
export abstract class LogDirectory {
  abstract find(origin: string): KnownLog | undefined;
  abstract origins(): Iterable<string>;
}

/** A directory of a few logs. */
export class FixedLogs extends LogDirectory {
  readonly #logs: ReadonlyMap<string, KnownLog>;

  constructor(logs: readonly KnownLog[]) {
    super();
    this.#logs = new Map(logs.map((log) => [log.origin, log]));
  }

  override find(origin: string): KnownLog | undefined {
    return this.#logs.get(origin);
  }

  override origins(): Iterable<string> {
    return this.#logs.keys();
  }
}
