import { join } from 'node:path';
import { toHex } from '#crypto';
import type { EventStore } from '#libs/event-store';
import { openKeyFile } from '#libs/signer';
import { ctKind } from '../certificates/ct-kind.js';
import type { LogConfig } from '../config.js';
import { rekorKind } from '../entries/rekor-kind.js';
import { openConfigured } from '../log.js';
import type { LogKind } from '../log-kind.js';

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
  const kind = (await openKind(config)) as LogKind<never>;
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

async function openKind({ kind, keyFile, profile, origin }: LogConfig): Promise<unknown> {
  return kind === 'rekor'
    ? rekorKind(origin, await openKeyFile(keyFile, { role: 'rekor-log', algorithm: 'ed25519', profile }))
    : ctKind(origin, await openKeyFile(keyFile, { role: 'ct-log', algorithm: 'ecdsa-p256', profile }));
}
