import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import type { Service, ServiceContext } from '#libs/server';
import type { MonitorConfig } from './config.js';
import { Monitor } from './monitor.js';
import { EvidenceController } from './status/evidence.controller.js';
import { StatusController } from './status/status.controller.js';

export { DEFAULT_TIMES, type MonitorConfig } from './config.js';

/** Nothing is posted to a monitor. */
const BODY_LIMIT = 1024;

@Module({})
export class MonitorModule implements OnApplicationShutdown {
  constructor(private readonly monitor: Monitor) {}

  static with(config: MonitorConfig, context: ServiceContext): DynamicModule {
    return {
      module: MonitorModule,
      controllers: [StatusController, EvidenceController],
      providers: [{ provide: Monitor, useFactory: () => Monitor.open(config, context) }],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.monitor.close();
  }
}

/** The service, to be started with `startService`. */
export function monitorService(config: MonitorConfig): Service {
  return {
    name: 'monitor',
    config,
    module: (context) => MonitorModule.with(config, context),
    bodyLimit: BODY_LIMIT,
  };
}
