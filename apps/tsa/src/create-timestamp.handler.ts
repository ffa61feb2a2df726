import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { randomSerialNumber, rejectTimestamp } from '#libs/issuing';
import { TsaMetrics } from './metrics.js';
import { TimestampAuthority } from './timestamp-authority.js';
import type { TimestampQuery } from './timestamp-query.js';

/** A query in, a TimeStampResp out (DER). */
export class CreateTimestamp extends Command<Uint8Array> {
  constructor(readonly query: TimestampQuery) {
    super();
  }
}

@CommandHandler(CreateTimestamp)
export class CreateTimestampHandler implements ICommandHandler<CreateTimestamp> {
  constructor(
    private readonly authority: TimestampAuthority,
    private readonly metrics: TsaMetrics,
  ) {}

  async execute({ query }: CreateTimestamp): Promise<Uint8Array> {
    const response =
      query.kind === 'rejected'
        ? rejectTimestamp(query.failure, query.reason)
        : await this.authority.timestamp(query.request, new Date(), randomSerialNumber());
    this.metrics.answered(query.kind === 'rejected' ? 'rejected' : 'granted');
    return response;
  }
}
