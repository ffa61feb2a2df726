import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { TRUST_DOCUMENTS, TrustDocuments } from './documents.js';
import type { TrustDocument } from './documents.js';

/** Keys change rarely, and a client that asks again gets a 304; a rotation is seen by everyone within five minutes. */
const CACHE_CONTROL = 'public, max-age=300, must-revalidate';

@Controller()
export class TrustController {
  constructor(private readonly documents: TrustDocuments) {}

  @Get()
  page(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    answer(request, reply, this.documents.get(''));
  }

  @Get([...TRUST_DOCUMENTS])
  document(@Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    const name = TRUST_DOCUMENTS.find((known) => request.routeOptions.url === `/${known}`);
    answer(request, reply, this.documents.get(name ?? ''));
  }
}

function answer(request: FastifyRequest, reply: FastifyReply, document: TrustDocument): void {
  void reply.headers({ etag: document.etag, 'cache-control': CACHE_CONTROL, 'x-content-type-options': 'nosniff' });
  if (matches(request.headers['if-none-match'], document.etag)) {
    void reply.status(304).send();
  } else {
    void reply.headers({ 'content-type': document.contentType, ...document.headers }).send(document.content);
  }
}

/** RFC 9110 §13.1.2: a list of tags, a weak one compared like a strong one, or `*`. */
function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  return (ifNoneMatch ?? '').split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}
