import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { EventStoreError } from '#libs/event-store';
import { HttpError, PAGE_HEADERS } from '#libs/server';
import { Status, type WitnessStatus } from './status.js';
import { statusPage } from './status-page.js';

/** How the witness is: for people at `/`, for programs at `/status`. */
@Controller()
export class StatusController {
  constructor(private readonly status: Status) {}

  @Get()
  async page(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const page = statusPage(await this.#read());
    void reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8');
    return page;
  }

  @Get('status')
  async json(@Res({ passthrough: true }) reply: FastifyReply): Promise<WitnessStatus> {
    const status = await this.#read();
    void reply.headers({ 'cache-control': 'no-store' }).type('application/json; charset=utf-8');
    return status;
  }

  async #read(): Promise<WitnessStatus> {
    try {
      return await this.status.read();
    } catch (cause) {
      if (!(cause instanceof EventStoreError)) throw cause;
      throw new HttpError(503, 'the store is not available', { cause });
    }
  }
}
