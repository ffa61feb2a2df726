import { Controller, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { Mirrors } from './mirrors.js';
import { registerFiles } from './served-files.js';
import { registerSubmissions } from './submissions.js';
import { registerSubtrees } from './subtrees.js';

/** Both prefixes of the mirror (tlog-mirror). The monitoring prefix has to be another than the witness's. */
export const MIRROR_PREFIX = '/mirror';

/** Puts the routes of the mirror beside those of Nest; its error filter answers for them too. */
@Controller()
export class MirrorController implements OnModuleInit {
  constructor(
    private readonly mirrors: Mirrors,
    private readonly adapter: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    const fastify = this.adapter.httpAdapter.getInstance<FastifyInstance>();
    registerSubmissions(fastify, MIRROR_PREFIX, this.mirrors);
    registerSubtrees(fastify, MIRROR_PREFIX, this.mirrors);
    registerFiles(fastify, MIRROR_PREFIX, (hash) => this.mirrors.byHash(hash));
  }
}
