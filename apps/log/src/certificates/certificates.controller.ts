import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { toBase64 } from '#crypto';
import { toHttpError } from '../refusal.js';
import { AddPreChain } from './add-pre-chain.handler.js';
import { CertificateLog } from './certificate-log.js';

/** The submission API of a CT log (RFC 6962 §4.2 and §4.7). */
@Controller('ct/v1')
export class CertificatesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly certificates: CertificateLog,
  ) {}

  @Post('add-pre-chain')
  @HttpCode(200)
  async addPreChain(@Body() request: unknown): Promise<object> {
    try {
      const { id, timestampMs, extensions, signature } = await this.commands.execute(new AddPreChain(request));
      return {
        sct_version: 0,
        id: toBase64(id),
        timestamp: Number(timestampMs),
        extensions: toBase64(extensions),
        signature: toBase64(signature),
      };
    } catch (error) {
      throw toHttpError(error, this.certificates.log.metrics);
    }
  }

  @Get('get-roots')
  roots(): object {
    return { certificates: this.certificates.roots.map(({ raw }) => toBase64(raw)) };
  }
}
