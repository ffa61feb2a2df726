import { Controller, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Log } from '../log.js';
import { LogReader } from './log-reader.js';
import { registerTileRoutes } from './tile-routes.js';

/** Puts the routes of the files beside those of Nest; its error filter answers for them too. */
@Controller()
export class TilesController implements OnModuleInit {
  constructor(
    private readonly log: Log<unknown>,
    private readonly adapter: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    const fastify = this.adapter.httpAdapter.getInstance<FastifyInstance>();
    const reader = new LogReader(this.log.tiles, () => this.log.current()?.size ?? 0n);
    registerTileRoutes(fastify, reader, () => this.log.current()?.note);
  }
}
