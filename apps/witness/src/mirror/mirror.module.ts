import { Module, type DynamicModule, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { ServiceContext } from '#libs/server';
import { MirrorController } from './mirror.controller.js';
import type { MirrorOptions } from './mirror-options.js';
import { Mirrors } from './mirrors.js';

/** Holds copies of logs, serves them, and cosigns what it holds: C2SP tlog-mirror. A cosigner of its own beside the witness. */
@Module({})
export class MirrorModule implements OnApplicationBootstrap, OnApplicationShutdown {
  constructor(private readonly mirrors: Mirrors) {}

  static with(options: () => Promise<MirrorOptions>, context: ServiceContext): DynamicModule {
    return {
      module: MirrorModule,
      controllers: [MirrorController],
      providers: [{ provide: Mirrors, useFactory: async () => Mirrors.open(await options(), context) }],
      exports: [Mirrors],
    };
  }

  onApplicationBootstrap(): void {
    this.mirrors.follow();
  }

  onApplicationShutdown(): Promise<void> {
    return this.mirrors.close();
  }
}
