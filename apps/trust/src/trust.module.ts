import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Service, ServiceContext } from '#libs/server';
import type { TrustConfig } from './config.js';
import type { Deployment } from './deployment.js';
import { TrustDocuments } from './documents.js';
import { registerExpiry } from './metrics.js';
import { TrustController } from './trust.controller.js';
import { parseChain } from './trusted-root.js';
import { writeDocuments } from './write-documents.js';

export type { TrustConfig } from './config.js';
export type { Deployment } from './deployment.js';
export { witnessPolicy } from './witness-policy.js';

@Module({})
export class TrustModule {
  static with({ deployment, directory }: TrustConfig, { registry, logger }: ServiceContext): DynamicModule {
    return {
      module: TrustModule,
      controllers: [TrustController],
      providers: [
        {
          provide: TrustDocuments,
          useFactory: async (): Promise<TrustDocuments> => {
            const documents = new TrustDocuments(deployment);
            registerExpiry(registry, authorityEnds(deployment));
            if (directory !== undefined) {
              await writeDocuments(directory, documents);
              logger.info({ directory }, 'trust documents written');
            }
            return documents;
          },
        },
      ],
    };
  }
}

/** The service, to be started with `startService`. */
export function trustService(config: TrustConfig): Service {
  return { name: 'trust', config, module: (context) => TrustModule.with(config, context) };
}

function authorityEnds({ certificateAuthorities, timestampAuthorities }: Deployment) {
  return [...certificateAuthorities, ...timestampAuthorities].map(({ name, chain }) => ({
    authority: name,
    notAfter: new Date(Math.min(...parseChain(chain).map((certificate) => certificate.notAfter.getTime()))),
  }));
}
