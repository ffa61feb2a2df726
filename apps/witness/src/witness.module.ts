import { join } from 'node:path';
import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore, SqliteEventStore } from '#libs/event-store';
import { formatVerifierKey } from '#libs/note';
import type { Service, ServiceContext } from '#libs/server';
import type { WitnessConfig } from './config.js';
import { AddCheckpointController } from './cosigning/add-checkpoint.controller.js';
import { AddCheckpointHandler } from './cosigning/add-checkpoint.handler.js';
import { Alarm } from './cosigning/alarm.js';
import { Cosigner } from './cosigning/cosigner.js';
import { Heads } from './cosigning/heads.js';
import { KnownLogs } from './cosigning/known-logs.js';
import { openCosigner } from './cosigning/open-cosigner.js';
import { WitnessMetrics } from './metrics.js';
import { CheckpointController } from './monitoring/checkpoint.controller.js';
import { GetCheckpointHandler } from './monitoring/get-checkpoint.handler.js';

export type { WitnessConfig } from './config.js';

/** 63 hashes take 3 KiB, a post-quantum signature 5 KiB, and there may be a few. */
const BODY_LIMIT = 64 * 1024;

@Module({})
export class WitnessModule implements OnApplicationShutdown {
  constructor(private readonly store: EventStore) {}

  static with(config: WitnessConfig, { registry, readiness, logger }: ServiceContext): DynamicModule {
    return {
      module: WitnessModule,
      imports: [CqrsModule.forRoot()],
      controllers: [AddCheckpointController, CheckpointController],
      providers: [
        AddCheckpointHandler,
        GetCheckpointHandler,
        { provide: KnownLogs, useFactory: () => new KnownLogs(config.logs) },
        { provide: Alarm, useFactory: () => new Alarm(logger) },
        {
          provide: WitnessMetrics,
          useFactory: (logs: KnownLogs) => new WitnessMetrics(registry, logs.count),
          inject: [KnownLogs],
        },
        {
          provide: Cosigner,
          useFactory: async () => {
            const cosigner = await openCosigner(config);
            logger.info({ verifierKey: formatVerifierKey(cosigner.key) }, 'cosigning');
            return cosigner;
          },
        },
        {
          // After everything else that can fail, so that nothing has to be closed when the start does.
          provide: EventStore,
          useFactory: () => SqliteEventStore.open({ path: join(config.dataDirectory, 'events.sqlite') }),
          inject: [Cosigner, KnownLogs],
        },
        {
          provide: Heads,
          useFactory: (store: EventStore) => {
            const heads = new Heads(store, logger);
            readiness.add('store', () => heads.problem());
            return heads;
          },
          inject: [EventStore],
        },
      ],
    };
  }

  onApplicationShutdown(): Promise<void> {
    return this.store.close();
  }
}

/** The service, to be started with `startService`. */
export function witnessService(config: WitnessConfig): Service {
  return {
    name: 'witness',
    config,
    module: (context) => WitnessModule.with(config, context),
    errors: () => 'plain',
    bodyLimit: BODY_LIMIT,
    bodies: 'bytes',
  };
}
