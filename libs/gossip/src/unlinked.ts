import type { Suspicion } from '#libs/evidence';
import { keyIdOf } from './held-head.js';
import type { HeldHeads } from './held-heads.js';
import type { LogDirectory } from './known-log.js';

/** A head that nothing could link for this long is a suspicion. */
const UNLINKED_SUSPICIOUS_MS = 10 * 60_000;

/** What is to be suspected of a log because one of its heads has waited too long for a proof. */
export function unlinkedSuspicion(held: HeldHeads, logs: LogDirectory, nowMs: number): Suspicion | undefined {
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
