import { Body, Controller, Get, Header, Headers, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { encodePem } from '#libs/crypto';
import { HttpError } from '#libs/server';
import { CreateTimestamp } from './create-timestamp.handler.js';
import { TsaMetrics } from './metrics.js';
import { QueryError } from './query-error.js';
import { TimestampAuthority } from './timestamp-authority.js';
import { parseTimestampQuery } from './timestamp-query.js';

/** The HTTP API of sigstore/timestamp-authority. */
@Controller()
export class TimestampController {
  constructor(
    private readonly commands: CommandBus,
    private readonly authority: TimestampAuthority,
    private readonly metrics: TsaMetrics,
  ) {}

  /** RFC 3161 §3.4, and a JSON form of the query. */
  @Post('api/v1/timestamp')
  @HttpCode(200)
  @Header('content-type', 'application/timestamp-reply')
  @Header('cache-control', 'no-store')
  async createTimestamp(@Body() body?: Uint8Array, @Headers('content-type') contentType = ''): Promise<Uint8Array> {
    try {
      const query = parseTimestampQuery(contentType, body ?? new Uint8Array(), this.authority.policy);
      return await this.commands.execute(new CreateTimestamp(query));
    } catch (error) {
      if (!(error instanceof QueryError)) throw error;
      this.metrics.answered(error.code);
      const status = error.code === 'unsupported-media-type' ? 415 : 400;
      // timestamp-authority's errors carry the HTTP status as their code.
      throw new HttpError(status, error.message, { rpcCode: status, cause: error });
    }
  }

  @Get('api/v1/timestamp/certchain')
  @Header('content-type', 'application/pem-certificate-chain')
  certificateChain(): string {
    return this.authority.chain.map(({ raw }) => encodePem('CERTIFICATE', raw)).join('');
  }

  @Get('ping')
  @Header('content-type', 'text/plain')
  ping(): string {
    return '.';
  }
}
