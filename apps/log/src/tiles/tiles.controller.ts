import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from '#libs/server';
import { TileStoreError } from '#libs/tile-store';
import { Log } from '../log.js';

const IMMUTABLE = 'public, max-age=31536000, immutable';
const ISSUER_PATH = /^issuer\/[0-9a-f]{64}$/;

/** What everybody may read (tlog-tiles, static-ct-api): files, which a CDN can serve as well. */
@Controller()
export class TilesController {
  constructor(private readonly log: Log<unknown>) {}

  @Get(['checkpoint', 'api/v2/checkpoint'])
  checkpoint(@Res() reply: FastifyReply): void {
    const published = this.log.current();
    if (!published) throw new HttpError(404, 'no checkpoint is published yet');
    void reply
      .headers({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache' })
      .send(Buffer.from(published.note));
  }

  /** Hash tiles, entry bundles and data tiles. They never change, so they may be kept for ever. */
  @Get(['tile/*', 'api/v2/tile/*'])
  tile(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const path = request.url.replace(/^\/(?:api\/v2\/)?/, '').replace(/\?.*$/, '');
    return this.#send(path, 'application/octet-stream', reply);
  }

  @Get('issuer/*')
  issuer(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const path = request.url.slice(1);
    if (!ISSUER_PATH.test(path)) throw new HttpError(404, 'there is no such issuer');
    return this.#send(path, 'application/pkix-cert', reply);
  }

  async #send(path: string, contentType: string, reply: FastifyReply): Promise<void> {
    const bytes = await this.log.tiles.read(path).catch((error: unknown) => {
      if (error instanceof TileStoreError && error.code === 'invalid-path') return undefined;
      throw error;
    });
    if (!bytes) throw new HttpError(404, 'there is no such tile');
    void reply.headers({ 'content-type': contentType, 'cache-control': IMMUTABLE }).send(Buffer.from(bytes));
  }
}
