import { EventStoreError } from '#libs/event-store';
import { HttpError } from '#libs/server';
import { TileStoreError } from '#libs/tile-store';
import { AddEntriesReader } from '#libs/tlog';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { REFUSALS } from '../cosigning/refusal.js';
import { ANSWER_TYPES, addEntries } from './add-entries.js';
import { clientAddress } from './client-address.js';
import { MirrorError } from './mirror-error.js';
import type { MirroredLog } from './mirrored-log.js';
import type { Mirrors } from './mirrors.js';
import { uploadBody } from './upload-body.js';
import { GaveWay, UploadSlots } from './upload-slots.js';

const OCTET_STREAM = 'application/octet-stream';
const PLAIN = 'text/plain; charset=utf-8';
/** 63 hashes take 3 KiB, a post-quantum signature 5 KiB, and there may be a few. */
const ADD_CHECKPOINT_MAX_BYTES = 64 * 1024;

/** tlog-mirror: the submission prefix. Routes of Fastify itself, since the body of an upload is read as it comes in. */
export function registerSubmissions(fastify: FastifyInstance, prefix: string, mirrors: Mirrors): void {
  const slots = new UploadSlots();

  const addCheckpoint = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const body = request.body instanceof Uint8Array ? request.body : new Uint8Array(0);
    const answer = await mirrors.addCheckpoint(body);
    mirrors.metrics.proposed(answer.kind === 'refused' ? answer.reason : answer.kind);
    switch (answer.kind) {
      case 'pending':
        return reply.type(PLAIN).send(''); // tlog-mirror: the mirror signs nothing here
      case 'conflict':
        // tlog-witness: the size that we know, so that the log can try again from there.
        return reply.code(409).type('text/x.tlog.size').send(`${answer.size}\n`);
      case 'refused':
        return reply.code(REFUSALS[answer.reason]).type(PLAIN).send(`${answer.message}\n`);
      case 'busy':
        throw new HttpError(503, 'too many requests for this log', { headers: { 'retry-after': '1' } });
    }
  };

  const upload = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    // tlog-mirror: any answer may be the one from which a client learns how it may compress the next request.
    void reply.header('accept-encoding', 'gzip');
    const type = request.headers['content-type'] ?? OCTET_STREAM;
    if (type !== OCTET_STREAM) throw new HttpError(415, `the content type should be ${OCTET_STREAM}`);
    const body = uploadBody(request.raw, request.headers['content-encoding']);
    if (body === undefined) throw new HttpError(415, 'the content encoding should be gzip, or none');
    const { raw } = request;
    const slot = slots.take(clientAddress(raw), () => raw.socket.bytesRead);
    if (slot === undefined) {
      body.release();
      throw tooMany();
    }
    const logOf = (origin: string): MirroredLog | undefined => {
      const log = mirrors.logs.get(origin);
      if (log !== undefined && !slots.claim(slot, origin)) throw tooMany();
      return log;
    };
    try {
      const answer = await addEntries(new AddEntriesReader(slot.chunks(body.chunks)), logOf, mirrors.tickets);
      mirrors.metrics.uploaded(answer.status);
      const told = answer.status === 200 || answer.status === 202 || answer.status === 409;
      return await reply
        .code(answer.status)
        .type(ANSWER_TYPES[answer.status])
        .send(told ? answer.body : `${answer.body}\n`);
    } catch (error) {
      if (error instanceof GaveWay) throw new HttpError(408, error.message, { headers: { connection: 'close' } });
      throw isBodyError(error) ? new HttpError(400, 'the body breaks off, or is not what its encoding says') : error;
    } finally {
      slots.release(slot);
      body.release();
    }
  };

  fastify.post(
    `${prefix}/add-checkpoint`,
    { bodyLimit: ADD_CHECKPOINT_MAX_BYTES },
    unavailable(addCheckpoint, mirrors.logger),
  );
  void fastify.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    scope.post(`${prefix}/add-entries`, unavailable(upload, mirrors.logger));
  });
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** A disk that is full, or a store that is away: nothing is lost, the same request can come again. */
function unavailable(handle: Handler, logger: Logger): Handler {
  return async (request, reply) => {
    try {
      return await handle(request, reply);
    } catch (cause) {
      const known = cause instanceof TileStoreError || cause instanceof EventStoreError || cause instanceof MirrorError;
      if (!known) throw cause;
      logger.error({ err: cause }, 'the mirror could not store a request');
      throw new HttpError(503, 'the mirror can store nothing at this moment', {
        cause,
        headers: { 'retry-after': '30' },
      });
    }
  };
}

function tooMany(): HttpError {
  return new HttpError(503, 'too many uploads at this moment', { headers: { 'retry-after': '1' } });
}

/** What zlib and a connection that ends throw, with the codes of Node. */
function isBodyError(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return (
    typeof code === 'string' &&
    (code.startsWith('Z_') || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
  );
}
