import { Module, type DynamicModule, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { CqrsModule } from '@nestjs/cqrs';
import type { Service, ServiceContext } from '#libs/server';
import { CertificateLog, readRoots } from './certificates/certificate-log.js';
import { AddPreChainHandler } from './certificates/add-pre-chain.handler.js';
import { CertificatesController } from './certificates/certificates.controller.js';
import { ctKind } from './certificates/ct-kind.js';
import type { LogConfig } from './config.js';
import { AddEntryHandler } from './entries/add-entry.handler.js';
import { Admissions } from './entries/admissions.js';
import { EntriesController } from './entries/entries.controller.js';
import { RawAddController } from './entries/raw-add.controller.js';
import { rekorKind } from './entries/rekor-kind.js';
import { Log, type LogParts } from './log.js';
import { openLogKey } from './open-key.js';
import { TilesController } from './tiles/tiles.controller.js';

/** Rekor's own limit for a request. */
const BODY_LIMIT = 4 * 1024 * 1024;

@Module({})
export class LogModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly log: Log<unknown>) {}

  static with(config: LogConfig, context: ServiceContext, parts?: LogParts): DynamicModule {
    return config.kind === 'rekor' ? rekorModule(config, context, parts) : ctModule(config, context, parts);
  }

  onApplicationBootstrap(): void {
    this.log.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.log.close();
  }
}

function rekorModule(config: LogConfig, context: ServiceContext, parts?: LogParts): DynamicModule {
  const open = async (): Promise<Log<Uint8Array>> => {
    return Log.open(config, rekorKind(config.origin, await openLogKey(config)), context, parts);
  };
  return {
    module: LogModule,
    imports: [CqrsModule.forRoot()],
    controllers: [EntriesController, TilesController, ...(config.rawAdd ? [RawAddController] : [])],
    providers: [
      { provide: Log, useFactory: open },
      { provide: Admissions, useFactory: () => new Admissions(config.poolLimit) },
      AddEntryHandler,
    ],
  };
}

function ctModule(config: LogConfig, context: ServiceContext, parts?: LogParts): DynamicModule {
  const open = async (): Promise<CertificateLog> => {
    const { origin, rootsFile = '' } = config;
    const signer = await openLogKey(config);
    const roots = await readRoots(rootsFile);
    return new CertificateLog(await Log.open(config, ctKind(origin, signer), context, parts), signer, roots);
  };
  return {
    module: LogModule,
    imports: [CqrsModule.forRoot()],
    controllers: [CertificatesController, TilesController],
    providers: [
      { provide: CertificateLog, useFactory: open },
      { provide: Log, useFactory: ({ log }: CertificateLog) => log, inject: [CertificateLog] },
      AddPreChainHandler,
    ],
  };
}

export function logService(config: LogConfig, parts?: LogParts): Service {
  return {
    name: `log-${config.kind}`,
    config,
    module: (context) => LogModule.with(config, context, parts),
    errors: (path) => (path.startsWith('/api/') ? 'rpc-status' : 'plain'),
    bodyLimit: BODY_LIMIT,
    ...(config.rawAdd && { bodies: 'json-or-bytes' as const }),
  };
}
