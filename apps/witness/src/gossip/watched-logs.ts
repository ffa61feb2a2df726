import { LogDirectory, type KnownLog } from '#libs/gossip';
import type { KnownLogs } from '../logs/known-logs.js';

/** The logs of the witness, as gossip wants to know them. */
export class WatchedLogs extends LogDirectory {
  constructor(
    private readonly logs: KnownLogs,
    /** Whether a log without a URL is looked for where its origin says: an origin is a URL without its scheme. */
    private readonly goByOrigin: boolean,
  ) {
    super();
  }

  override find(origin: string): KnownLog | undefined {
    const { logs } = this;
    const log = logs.find(origin);
    if (log === undefined) return undefined;
    const byOrigin = this.goByOrigin && URL.canParse(`https://${origin}`) ? [`https://${origin}`] : [];
    return {
      origin: log.origin,
      // To make them costs more than most questions about a log.
      get keys() {
        return logs.verifierKeysOf(origin);
      },
      sources: log.url === undefined ? byOrigin : [log.url],
      ...(log.qpd !== undefined && { checkpointsPerDay: log.qpd }),
    };
  }

  override *origins(): Iterable<string> {
    for (const { origin } of this.logs.all()) yield origin;
  }
}
