import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HttpError } from '#libs/server';
import { evidenceUrl } from '../following/judge-observer.js';
import { Monitor } from '../monitor.js';
import { evidenceList, type EvidenceList } from './status.js';

/** Evidence, for whoever wants to check it himself: it holds without us. */
@Controller('evidence')
export class EvidenceController {
  constructor(private readonly monitor: Monitor) {}

  @Get()
  list(@Res({ passthrough: true }) reply: FastifyReply): EvidenceList {
    void reply.headers({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' });
    return evidenceList(this.monitor);
  }

  @Get(':file')
  file(@Param('file') file: string, @Res({ passthrough: true }) reply: FastifyReply): Buffer {
    const found = this.monitor.observer.evidence.list().find(({ id }) => evidenceUrl(id) === `/evidence/${file}`);
    if (found === undefined) throw new HttpError(404, `there is no evidence ${file.slice(0, 100)}`);
    void reply.headers({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `inline; filename="${evidenceUrl(found.id).slice('/evidence/'.length)}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    return Buffer.from(found.bytes);
  }
}
