import { KurrentEventStore, type KurrentOptions } from '#libs/event-store';

/** The server that the operator named. Streams of the tests have new names, and are left there. */
export const KURRENTDB_URL = process.env['KURRENTDB_URL'] ?? '';

export function openLive(options: Partial<KurrentOptions> = {}): Promise<KurrentEventStore> {
  return KurrentEventStore.open({ url: KURRENTDB_URL, appendTimeoutMs: 30_000, readTimeoutMs: 60_000, ...options });
}
