import { join } from 'node:path';
import { toHex } from '#crypto';
import type { EventStore } from '#libs/event-store';
import type { Signer } from '#libs/signer';
import { ctKind } from '../certificates/ct-kind.js';
import type { PreChain } from '../certificates/pre-chain.js';
import type { LogConfig } from '../config.js';
import { rekorKind } from '../entries/rekor-kind.js';
import { openConfigured } from '../log.js';
import type { LogKind } from '../log-kind.js';
import { openLogKey } from '../open-key.js';

/** A log whose service is stopped: its store opens for one process only. */
export interface OfflineLog {
  readonly origin: string;
  readonly kind: LogKind<never>;
  readonly store: EventStore;
  readonly stream: string;
  readonly checkpointStream: string;
  readonly tilesDirectory: string;
  readonly snapshotPath: string;
  readonly dedupeDirectory: string;
}

/** @throws EventStoreError store-locked while the log runs, SignerError */
export async function openOffline(config: LogConfig): Promise<OfflineLog> {
  const { origin, dataDirectory } = config;
  const kind = kindOf(config, await openLogKey(config)) as LogKind<never>;
  const store = await openConfigured(config);
  const stream = `log-${toHex(kind.logId)}`;
  return {
    origin,
    kind,
    store,
    stream,
    checkpointStream: `${stream}-checkpoints`,
    tilesDirectory: join(dataDirectory, 'tiles'),
    snapshotPath: join(dataDirectory, 'snapshot'),
    dedupeDirectory: join(dataDirectory, 'dedupe'),
  };
}

/** The kind of the configured log, with its key. */
export function kindOf({ kind, origin }: LogConfig, signer: Signer): LogKind<Uint8Array> | LogKind<PreChain> {
  return kind === 'rekor' ? rekorKind(origin, signer) : ctKind(origin, signer);
}
