import { Controller, Get, Header, Param } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { HttpError } from '#libs/server';
import { GetCheckpoint } from './get-checkpoint.handler.js';

const ORIGIN_HASH = /^[0-9a-f]{64}$/;

/** C2SP tlog-witness, "Monitor Retrieval Mechanism": the monitoring prefix. */
@Controller()
export class CheckpointController {
  constructor(private readonly queries: QueryBus) {}

  @Get(':originHash/checkpoint')
  @Header('content-type', 'text/plain; charset=utf-8')
  @Header('cache-control', 'no-cache')
  async checkpoint(@Param('originHash') originHash: string): Promise<Buffer> {
    const note = ORIGIN_HASH.test(originHash) ? await this.queries.execute(new GetCheckpoint(originHash)) : undefined;
    if (!note) throw new HttpError(404, 'no checkpoint was cosigned for this origin');
    return Buffer.from(note);
  }
}
