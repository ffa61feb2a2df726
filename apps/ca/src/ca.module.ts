import { join } from 'node:path';
import { type DynamicModule, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import { EventStore, SqliteEventStore } from '#libs/event-store';
import type { Service, ServiceContext } from '#libs/server';
import { CaController } from './ca.controller.js';
import type { CaConfig } from './config.js';
import { CertificateAuthority } from './issuance/certificate-authority.js';
import { IssuanceJournal } from './issuance/issuance-journal.js';
import { IssueCertificateHandler } from './issue-certificate.handler.js';
import { CaMetrics } from './metrics.js';
import { openCertificateAuthority, openTrustedIssuers } from './resources.js';
import { TrustedIssuers } from './token/trusted-issuers.js';

export type { CaConfig } from './config.js';

/** A token of at most 16 KiB, a key and a signature. */
const BODY_LIMIT = 64 * 1024;

@Module({})
export class CaModule implements OnApplicationShutdown {
  constructor(private readonly store: EventStore) {}

  static with(config: CaConfig, { registry, readiness }: ServiceContext): DynamicModule {
    return {
      module: CaModule,
      imports: [CqrsModule.forRoot()],
      controllers: [CaController],
      providers: [
        IssueCertificateHandler,
        { provide: CaMetrics, useFactory: () => new CaMetrics(registry) },
        { provide: TrustedIssuers, useFactory: () => openTrustedIssuers(config) },
        {
          provide: CertificateAuthority,
          useFactory: async (metrics: CaMetrics) => {
            const authority = await openCertificateAuthority(config, metrics);
            readiness.add('authority', () => authority.problem(new Date()));
            return authority;
          },
          inject: [CaMetrics],
        },
        {
          // After everything else that can fail, so that nothing has to be closed when the start does.
          provide: EventStore,
          useFactory: () => SqliteEventStore.open({ path: join(config.dataDirectory, 'events.sqlite') }),
          inject: [CertificateAuthority, TrustedIssuers],
        },
        {
          provide: IssuanceJournal,
          useFactory: async (store: EventStore, authority: CertificateAuthority) => {
            const journal = await IssuanceJournal.open(store, authority.keyHash);
            readiness.add('store', () => journal.problem());
            return journal;
          },
          inject: [EventStore, CertificateAuthority],
        },
      ],
    };
  }

  onApplicationShutdown(): Promise<void> {
    return this.store.close();
  }
}

/** The service, to be started with `startService`. */
export function caService(config: CaConfig): Service {
  return {
    name: 'ca',
    config,
    module: (context) => CaModule.with(config, context),
    errors: () => 'rpc-status',
    bodyLimit: BODY_LIMIT,
  };
}
