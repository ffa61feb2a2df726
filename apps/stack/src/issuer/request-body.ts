import type { IncomingMessage } from 'node:http';

/** An e-mail address and a button; nothing that the issuer's own routes take is longer. */
const BODY_MAX_BYTES = 4096;

/** The request was larger than the issuer reads. */
export class BodyTooLargeError extends Error {}

/** The whole body as text; throws `BodyTooLargeError` past 4 KiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX_BYTES) throw new BodyTooLargeError(`a request body is at most ${BODY_MAX_BYTES} bytes here`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whether the request declares this media type (parameters such as `charset` don't count). */
export function hasMediaType(request: IncomingMessage, mediaType: string): boolean {
  return request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() === mediaType;
}
