import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { HttpError } from './http-error.js';

/** How errors are written on a path: RFC 9457, google.rpc.Status (Fulcio, Rekor), or plain text (C2SP). */
export type ErrorFormat = 'problem' | 'rpc-status' | 'plain';

/** grpc-gateway's mapping of google.rpc.Code to HTTP statuses, read backwards. */
const RPC_CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 12,
  408: 4,
  409: 6,
  413: 8,
  415: 3,
  429: 8,
  500: 13,
  503: 14,
};

interface Answer {
  readonly contentType: string;
  readonly content: string;
}

function formatError(format: ErrorFormat, error: HttpError, requestId: string): Answer {
  if (error.options.body) return error.options.body;
  switch (format) {
    case 'plain':
      return { contentType: 'text/plain; charset=utf-8', content: `${error.message}\n` };
    case 'rpc-status': {
      const code = error.options.rpcCode ?? RPC_CODES[error.status] ?? 2;
      return {
        contentType: 'application/json',
        content: JSON.stringify({ code, message: error.message, details: [] }),
      };
    }
    case 'problem':
      return {
        contentType: 'application/problem+json',
        content: JSON.stringify({ title: error.message, status: error.status, instance: requestId }),
      };
  }
}

/** Our errors as they are, Nest's and Fastify's by their status, anything else a 500 that tells nothing. */
function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof HttpException) return new HttpError(error.getStatus(), error.message, { cause: error });
  const { statusCode, message } = error as { statusCode?: unknown; message?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return new HttpError(statusCode, String(message), { cause: error });
  }
  return new HttpError(500, 'internal error', { cause: error });
}

@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly logger: Logger,
    private readonly formatOf: (path: string) => ErrorFormat,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const error = toHttpError(thrown);
    if (error.status === 500)
      this.logger.error({ err: thrown, requestId: request.id, status: error.status }, 'request failed');
    if (reply.sent) return;
    const { contentType, content } = formatError(this.formatOf(request.url), error, String(request.id));
    void reply
      .status(error.status)
      .headers({ 'cache-control': 'no-store', ...error.options.headers })
      .type(contentType)
      .send(content);
  }
}
