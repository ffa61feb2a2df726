import { sha256, toHex } from '#crypto';
import { HttpError } from '#libs/server';
import { TileStoreError } from '#libs/tile-store';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { MirroredLog } from './mirrored-log.js';

/** tlog-tiles: tiles and bundles never change; a checkpoint is not to be cached beyond seconds. */
const TILE_HEADERS = {
  'content-type': 'application/octet-stream',
  'cache-control': 'public, max-age=31536000, immutable',
};
const CHECKPOINT_HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'public, max-age=1' };
/** What isn't there yet may be there soon. */
const MISSING_HEADERS = { 'cache-control': 'public, max-age=1' };

/**
 * What everybody may read: tlog-tiles below `<prefix>/<hex SHA-256 of the origin>/`. Routes of Fastify itself, as those of a
 * log are. Ranges and compression are left to whatever stands in front.
 */
export function registerFiles(
  fastify: FastifyInstance,
  prefix: string,
  logOf: (originHash: string) => MirroredLog | undefined,
): void {
  const find = (request: FastifyRequest): MirroredLog => {
    const log = logOf((request.params as { originHash: string }).originHash);
    if (log === undefined) throw new HttpError(404, 'this log is not mirrored here', { headers: MISSING_HEADERS });
    return log;
  };
  fastify.get(`${prefix}/:originHash/checkpoint`, async (request, reply) => {
    const served = find(request).served();
    if (served === undefined) throw missing('no checkpoint of this log is mirrored yet');
    return send(served.note, CHECKPOINT_HEADERS, request, reply);
  });
  fastify.get(`${prefix}/:originHash/tile/*`, async (request, reply) => {
    const bytes = await read(find(request), `tile/${(request.params as { '*': string })['*']}`);
    if (bytes === undefined) throw missing('there is no such tile');
    return send(bytes, TILE_HEADERS, request, reply);
  });
}

async function read(log: MirroredLog, path: string): Promise<Uint8Array | undefined> {
  try {
    return await log.tiles.read(path);
  } catch (error) {
    if (error instanceof TileStoreError && error.code === 'invalid-path') return undefined;
    throw error;
  }
}

function send(bytes: Uint8Array, headers: object, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const etag = `"${toHex(sha256(bytes))}"`;
  void reply.headers({ ...headers, etag });
  const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (known?.includes(etag)) return reply.code(304).send();
  return reply.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

function missing(message: string): HttpError {
  return new HttpError(404, message, { headers: MISSING_HEADERS });
}
