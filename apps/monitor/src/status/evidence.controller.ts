import { Controller, Get, Param, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { evidenceFileName } from '#libs/evidence';
import { evidenceList, evidenceOfFile, type EvidenceList } from '#libs/gossip';
import { HttpError } from '#libs/server';
import { Monitor } from '../monitor.js';

/** Evidence, for whoever wants to check it himself: it holds without us. */
@Controller('evidence')
export class EvidenceController {
  constructor(private readonly monitor: Monitor) {}

  @Get()
  list(@Res({ passthrough: true }) reply: FastifyReply): EvidenceList {
    void reply.headers({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' });
    return evidenceList(this.monitor.observer.evidence);
  }

  @Get(':file')
  file(@Param('file') file: string, @Res({ passthrough: true }) reply: FastifyReply): Buffer {
    const found = evidenceOfFile(this.monitor.observer.evidence, file);
    if (found === undefined) throw new HttpError(404, `there is no evidence ${file.slice(0, 100)}`);
    void reply.headers({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': `inline; filename="${evidenceFileName(found.id)}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    return Buffer.from(found.bytes);
  }
}
