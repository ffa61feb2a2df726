import { HttpError } from '#libs/server';
import type { IssuanceError, IssuanceErrorCode } from './issuance-error.js';

// google.rpc.Code, and the HTTP statuses that grpc-gateway gives them. Clients try again on 5xx and 429 only.
const INVALID_ARGUMENT = { status: 400, rpcCode: 3 };
const INTERNAL = { status: 500, rpcCode: 13 };
const UNAVAILABLE = { status: 503, rpcCode: 14, headers: { 'retry-after': '1' } };

const STATUS: Readonly<
  Record<IssuanceErrorCode, { status: number; rpcCode: number; headers?: Record<string, string> }>
> = {
  'malformed-request': INVALID_ARGUMENT,
  'malformed-token': INVALID_ARGUMENT,
  'unknown-issuer': INVALID_ARGUMENT,
  'refused-token': INVALID_ARGUMENT,
  'refused-identity': INVALID_ARGUMENT,
  'refused-key': INVALID_ARGUMENT,
  'refused-possession': INVALID_ARGUMENT,
  'issuer-unavailable': UNAVAILABLE,
  'log-unavailable': UNAVAILABLE,
  'store-unavailable': UNAVAILABLE,
  'log-refused': INTERNAL,
  'log-misbehaved': INTERNAL,
  'authority-expired': INTERNAL,
};

/** The answer to a request that got no certificate, as Fulcio gives it. */
export function rpcStatus(error: IssuanceError): HttpError {
  const { status, ...options } = STATUS[error.code];
  return new HttpError(status, error.message, { ...options, cause: error });
}
