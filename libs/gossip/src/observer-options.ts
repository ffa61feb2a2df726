import type { EventStore } from '#libs/event-store';
import type { Suspicion } from '#libs/evidence';
import type { VerifierKey } from '#libs/note';
import type { SyncKind, Verdict } from '#libs/p2p';
import type { Logger } from 'pino';
import type { StoredEvidence } from './evidence-store.js';
import type { LogDirectory } from './known-log.js';

export interface ObserverOptions {
  readonly store: EventStore;
  /** For the evidence files. */
  readonly evidenceDirectory: string;
  readonly logs: LogDirectory;
  /** Other witnesses that are configured: their cosignatures are followed, and they can be accused. */
  readonly witnesses: readonly VerifierKey[];
  /** Whether anchors are stored here; a witness has them in a stream of its own. */
  readonly storeAnchors: boolean;
  readonly logger: Logger;
  readonly now?: () => number;
  /** Evidence against a configured key has been found, or has arrived, and is durable. Its file is written just after. */
  readonly onEvidence?: (stored: StoredEvidence, path: string) => void;
  readonly onSuspicion?: (suspicion: Suspicion) => void;
  /** A verdict on a message, for metrics. */
  readonly onVerdict?: (kind: SyncKind, verdict: Verdict) => void;
}
