import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { formatTlogEntry } from '#libs/verify';
import { Log } from '../log.js';
import { toHttpError } from '../refusal.js';
import { AddEntry } from './add-entry.handler.js';

/** Rekor v2's write API. */
@Controller('api/v2/log')
export class EntriesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly log: Log<Uint8Array>,
  ) {}

  /** 201, also for an entry that is there already: a client whose first answer was lost gets the same index again. */
  @Post('entries')
  @HttpCode(201)
  @Header('content-type', 'application/json')
  async add(@Body() request: unknown): Promise<string> {
    try {
      return JSON.stringify(formatTlogEntry(await this.commands.execute(new AddEntry(request))));
    } catch (error) {
      throw toHttpError(error, this.log.metrics);
    }
  }
}
