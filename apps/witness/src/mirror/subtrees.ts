import { HttpError } from '#libs/server';
import type { FastifyInstance } from 'fastify';
import { judgeSubtree } from '../subtree/judge-subtree.js';
import type { Mirrors } from './mirrors.js';

const PLAIN = 'text/plain; charset=utf-8';
/** 64 hashes take 3 KiB, a checkpoint with a few post-quantum signatures 20. */
const BODY_MAX_BYTES = 64 * 1024;
/** Whoever has a mirrored checkpoint can ask for any number of these, so few are made at once. */
const UNDER_WAY_MAX = 32;

/**
 * tlog-mirror: `sign-subtree` of a witness, by the keys of the mirror, for checkpoints that these have signed. Those that only
 * the witness has signed are refused: it doesn't hold the entries.
 */
export function registerSubtrees(fastify: FastifyInstance, prefix: string, mirrors: Mirrors): void {
  let underWay = 0;

  fastify.post(`${prefix}/sign-subtree`, { bodyLimit: BODY_MAX_BYTES }, async ({ body }, reply) => {
    if (underWay >= UNDER_WAY_MAX) {
      throw new HttpError(503, 'too many requests at this moment', { headers: { 'retry-after': '1' } });
    }
    underWay++;
    try {
      const { cosigner } = mirrors;
      const bytes = body instanceof Uint8Array ? body : new Uint8Array(0);
      const verdict = judgeSubtree(bytes, (origin) => mirrors.isCosigned(origin), cosigner.verifiers);
      if (verdict.kind === 'refused') throw new HttpError(verdict.status, verdict.message);
      const line = await cosigner.cosignSubtree(verdict.subtree);
      if (line === undefined) throw new HttpError(404, 'this mirror signs no subtrees');
      return await reply.type(PLAIN).send(line);
    } finally {
      underWay--;
    }
  });
}
