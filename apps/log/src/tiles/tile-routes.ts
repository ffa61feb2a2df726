import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from '#libs/server';
import { acceptsGzip, matchesEtag, parseRange, type ByteRange } from './conditional.js';
import type { LogReader } from './log-reader.js';
import { ServedFile, type Representation } from './served-file.js';

/** tlog-tiles: a checkpoint is not to be cached beyond seconds. */
const CHECKPOINT_HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'public, max-age=1' };
/** A tile that isn't there yet may be there soon: a cache may keep a crowd away for a moment, no longer. */
const MISSING_HEADERS = { 'cache-control': 'public, max-age=1' };
/** Rekor v2 has the paths of tlog-tiles behind this. */
const API_PREFIX = '/api/v2';

/**
 * What everybody may read (tlog-tiles, static-ct-api), as a CDN wants it: ETag, 304, ranges, gzip, HEAD (which Fastify makes
 * of each GET). Routes of Fastify itself, since what Nest does for each request costs more than serving a tile from memory.
 */
export function registerTileRoutes(
  fastify: FastifyInstance,
  reader: LogReader,
  checkpoint: () => Uint8Array | undefined,
): void {
  let published: { readonly note: Uint8Array; readonly file: ServedFile } | undefined;
  const sendCheckpoint = (request: FastifyRequest, reply: FastifyReply): void => {
    const note = checkpoint();
    if (note === undefined) throw missing('no checkpoint is published yet');
    if (published?.note !== note) published = { note, file: new ServedFile(note, CHECKPOINT_HEADERS, false) };
    const { identity } = published.file;
    if (isPlain(request)) sendWhole(identity, reply);
    else send(identity, request, reply);
  };

  // A reply that is returned is waited for as if it were a promise, which costs half of what a hot tile does: so none is.
  const sendFile = (path: string, request: FastifyRequest, reply: FastifyReply): void | Promise<FastifyReply> => {
    const file = reader.hot(path);
    const form = file && formFor(file, request);
    if (form === undefined) return sendColdFile(path, request, reply);
    if (isPlain(request)) sendWhole(form, reply);
    else send(form, request, reply);
  };
  const sendColdFile = async (path: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const file = await reader.read(path);
    if (file === undefined) throw missing('there is no such tile');
    return send(formFor(file, request) ?? (await reader.compressed(path, file)), request, reply);
  };

  fastify.get('/checkpoint', sendCheckpoint);
  fastify.get(`${API_PREFIX}/checkpoint`, sendCheckpoint);
  for (const prefix of ['/', `${API_PREFIX}/`]) {
    const route = (request: FastifyRequest, reply: FastifyReply): void | Promise<FastifyReply> =>
      sendFile(pathBehind(prefix, request.url), request, reply);
    fastify.get(`${prefix}tile/*`, route);
    if (prefix === '/') fastify.get('/issuer/*', route);
  }
}

/** The path as it came: no file of a log has a name that has to be decoded. */
function pathBehind(prefix: string, url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url.slice(prefix.length) : url.slice(prefix.length, query);
}

/** The form of a file that a client takes; undefined when that is yet to be compressed. */
function formFor(file: ServedFile, { headers }: FastifyRequest): Representation | undefined {
  // A range is of the bytes that its reader counts, the uncompressed ones.
  if (!file.compressible || headers.range !== undefined) return file.identity;
  return acceptsGzip(headers['accept-encoding']) ? file.smallest : file.identity;
}

function isPlain({ headers }: FastifyRequest): boolean {
  return headers['if-none-match'] === undefined && headers.range === undefined;
}

/** What most requests get, written at once: the headers were made with the file, and no hook has a say in the answer. */
function sendWhole({ body, headers }: Representation, reply: FastifyReply): void {
  reply.hijack();
  reply.raw.writeHead(200, headers).end(body);
}

function send({ body, etag, headers }: Representation, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { 'if-none-match': ifNoneMatch, range: wanted } = request.headers;
  if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, etag)) {
    return reply.code(304).headers(headers).removeHeader('content-length').send();
  }
  const range = wanted === undefined ? undefined : rangeOf(wanted, body.length, etag, request);
  if (range === undefined) return reply.headers(headers).send(body);
  if (range === 'unsatisfiable') {
    throw new HttpError(416, `the range is not within the ${body.length} bytes`, {
      headers: { 'content-range': `bytes */${body.length}` },
    });
  }
  const { first, last } = range;
  return reply
    .code(206)
    .headers({ ...headers, 'content-length': String(last + 1 - first) })
    .header('content-range', `bytes ${first}-${last}/${body.length}`)
    .send(body.subarray(first, last + 1));
}

function rangeOf(wanted: string, length: number, etag: string, request: FastifyRequest): ByteRange | undefined {
  // RFC 9110 §14.2: of other methods it is ignored; §13.1.5: of another version of the file, the whole is sent.
  const ifRange = request.headers['if-range'] ?? etag;
  return request.method === 'GET' && ifRange === etag ? parseRange(wanted, length) : undefined;
}

function missing(message: string): HttpError {
  return new HttpError(404, message, { headers: MISSING_HEADERS });
}
