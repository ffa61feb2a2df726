import {
  parseTimestampRequest,
  TimestampError,
  type TimestampErrorCode,
  type TimestampFailure,
  type TimestampRequest,
} from '#libs/timestamp';
import { parseJsonQuery } from './json-query.js';
import { QueryError } from './query-error.js';

/** What was asked, and whether we do it. A refusal of RFC 3161 is an answer like any other. */
export type TimestampQuery =
  | { readonly kind: 'request'; readonly request: TimestampRequest }
  | { readonly kind: 'rejected'; readonly failure: TimestampFailure; readonly reason: string };

/** RFC 3161 §2.4.2, of the queries that can be read but not answered. */
const FAILURES: Readonly<Partial<Record<TimestampErrorCode, TimestampFailure>>> = {
  'unsupported-version': 'badRequest',
  'unsupported-algorithm': 'badAlg',
  'unsupported-extension': 'unacceptedExtension',
};

/**
 * Reads a query by its content type (parameters are allowed, RFC 9110 §8.3.1).
 *
 * A DER query that can be read is answered in RFC 3161's own words, with a rejection if need be. A JSON query is not: its
 * clients take every answer with status 200 for a timestamp, unread, so what we don't do is an error to them.
 * @throws QueryError malformed, refused, unsupported-media-type
 */
export function parseTimestampQuery(contentType: string, body: Uint8Array, policy: string): TimestampQuery {
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase();
  switch (mediaType) {
    case 'application/timestamp-query':
      return parseDerQuery(body, policy);
    case 'application/json':
      return { kind: 'request', request: requirePolicy(parseJsonQuery(body), policy) };
    default:
      throw new QueryError(
        'unsupported-media-type',
        'the content type should be application/timestamp-query or application/json',
      );
  }
}

function parseDerQuery(body: Uint8Array, policy: string): TimestampQuery {
  try {
    const request = parseTimestampRequest(body);
    if (!acceptable(request, policy)) {
      return { kind: 'rejected', failure: 'unacceptedPolicy', reason: `the only policy here is ${policy}` };
    }
    // An INTEGER may be negative, a random number of some length isn't; it would have to be echoed as it is.
    if (request.nonce !== undefined && request.nonce < 0n) {
      return { kind: 'rejected', failure: 'badDataFormat', reason: 'the nonce is negative' };
    }
    return { kind: 'request', request };
  } catch (error) {
    if (!(error instanceof TimestampError)) throw error;
    const failure = FAILURES[error.code];
    if (failure) return { kind: 'rejected', failure, reason: error.message };
    throw new QueryError('malformed', error.message, { cause: error });
  }
}

function requirePolicy(request: TimestampRequest, policy: string): TimestampRequest {
  if (acceptable(request, policy)) return request;
  throw new QueryError('refused', `tsaPolicyOID is ${request.policy}, the only policy here is ${policy}`);
}

function acceptable(request: TimestampRequest, policy: string): boolean {
  return request.policy === undefined || request.policy === policy;
}
