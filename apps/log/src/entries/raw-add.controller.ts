import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { ENTRY_MAX_BYTES } from '#libs/entry';
import { HttpError } from '#libs/server';
import { Log } from '../log.js';
import { toHttpError } from '../refusal.js';

/**
 * `POST /add` as the load generators of other logs have it (Tessera's hammer): the body is the leaf, whatever it says. It
 * is there only with `TALLY_LOG_RAW_ADD`, which production refuses.
 */
@Controller()
export class RawAddController {
  constructor(private readonly log: Log<Uint8Array>) {}

  /** The index in decimal, once the leaf is committed; a checkpoint covers it later. */
  @Post('add')
  @HttpCode(200)
  @Header('content-type', 'text/plain; charset=utf-8')
  async add(@Body() leaf: unknown): Promise<string> {
    if (!(leaf instanceof Uint8Array) || leaf.length === 0) {
      throw new HttpError(400, 'the body should be a leaf of at least one byte, of any type but application/json');
    }
    if (leaf.length > ENTRY_MAX_BYTES) {
      throw new HttpError(413, `the leaf has ${leaf.length} bytes, the limit is ${ENTRY_MAX_BYTES}`);
    }
    try {
      const { index } = await this.log.add(leaf, leaf.length);
      return `${index}\n`;
    } catch (error) {
      throw toHttpError(error, this.log.metrics);
    }
  }
}
