import { readFile } from 'node:fs/promises';
import { type DynamicModule, Module } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { Service, ServiceContext } from '#libs/server';
import { openKeyFile } from '#libs/signer';
import type { TsaConfig } from './config.js';
import { CreateTimestampHandler } from './create-timestamp.handler.js';
import { TsaMetrics } from './metrics.js';
import { requireProductionChain, TimestampAuthority } from './timestamp-authority.js';
import { TimestampController } from './timestamp.controller.js';

export type { TsaConfig } from './config.js';

/** Of DER queries; JSON ones are limited to 1 KiB. */
const BODY_LIMIT = 16 * 1024;

@Module({})
export class TsaModule {
  static with(config: TsaConfig, { registry, readiness }: ServiceContext): DynamicModule {
    return {
      module: TsaModule,
      imports: [CqrsModule.forRoot()],
      controllers: [TimestampController],
      providers: [
        CreateTimestampHandler,
        { provide: TsaMetrics, useFactory: () => new TsaMetrics(registry) },
        {
          provide: TimestampAuthority,
          useFactory: async () => {
            const authority = await openTimestampAuthority(config);
            readiness.add('authority', () => authority.problem(new Date()));
            return authority;
          },
        },
      ],
    };
  }
}

async function openTimestampAuthority(config: TsaConfig): Promise<TimestampAuthority> {
  const { profile, keyFile, keyAlgorithm: algorithm, keyPassphraseFile, certificateChainFile, policy } = config;
  const passphrase =
    keyPassphraseFile === undefined ? undefined : (await readFile(keyPassphraseFile, 'utf8')).trimEnd();
  const signer = await openKeyFile(keyFile, {
    role: 'tsa',
    algorithm,
    profile,
    ...(passphrase !== undefined && { passphrase }),
  });
  const chain = await readFile(certificateChainFile, 'utf8');
  const authority = new TimestampAuthority(signer, chain, policy, new Date());
  if (profile === 'production') requireProductionChain(authority.chain);
  return authority;
}

/** The service, to be started with `startService`. */
export function tsaService(config: TsaConfig): Service {
  return {
    name: 'tsa',
    config,
    module: (context) => TsaModule.with(config, context),
    errors: () => 'rpc-status',
    bodyLimit: BODY_LIMIT,
    bodies: 'bytes',
  };
}
