import type { Suspicion } from '#libs/evidence';
import { keyIdOf } from './held-head.js';
import type { HeldHeads } from './held-heads.js';
import type { HeldLogs } from './held-logs.js';
import type { LogDirectory } from './known-log.js';
import type { Suspicions } from './suspicions.js';

/** A head that nothing could link for this long is a suspicion. */
const UNLINKED_SUSPICIOUS_MS = 10 * 60_000;

export interface LookoutOptions {
  readonly held: HeldLogs;
  readonly logs: LogDirectory;
  readonly suspicions: Suspicions;
  /** Heads of two keys of a log that are to be compared. */
  readonly link: (origin: string) => void;
}

/** What time makes of what is held. */
export function lookOut({ held: logsHeld, logs, suspicions, link }: LookoutOptions, nowMs: number): void {
  for (const held of logsHeld.all()) {
    const suspicion = unlinkedSuspicion(held, logs, nowMs);
    if (suspicion) suspicions.raise(suspicion, nowMs);
    else suspicions.settle({ kind: 'unlinked', origin: held.origin });
    if (held.crossing().length > 0) link(held.origin);
  }
}

/** What is to be suspected of a log because one of its heads has waited too long for a proof. */
function unlinkedSuspicion(held: HeldHeads, logs: LogDirectory, nowMs: number): Suspicion | undefined {
  const waiting = held.needsLinking() ? held.loose : [];
  const old = waiting.find(({ sinceMs, linkedTo }) => !linkedTo && nowMs - sinceMs > UNLINKED_SUSPICIOUS_MS);
  if (old === undefined) return undefined;
  const { origin } = held;
  const log = logs.find(origin);
  const keys = log?.keys.filter((key) => keyIdOf(key) === old.keyId) ?? [];
  const asked =
    log === undefined || log.sources.length === 0 ? 'no copy of the log is configured' : log.sources.join(', ');
  const reason = `no proof links its head of size ${old.size} to the others (asked: ${asked})`;
  return { kind: 'unlinked', origin, keys, reason };
}
