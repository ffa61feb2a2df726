import { CodedError } from '#libs/crypto';

/** Why there is no certificate. */
export type IssuanceErrorCode =
  // for the caller to mend
  | 'malformed-request'
  | 'malformed-token'
  | 'unknown-issuer'
  | 'refused-token'
  | 'refused-identity'
  | 'refused-key'
  | 'refused-possession'
  // another service is away: worth another try
  | 'issuer-unavailable'
  | 'log-unavailable'
  | 'store-unavailable'
  // for the operator to mend
  | 'log-refused'
  | 'log-misbehaved'
  | 'authority-expired';

/** Messages go to the caller and into logs, so they name claims and limits, never a token or a person. */
export class IssuanceError extends CodedError<IssuanceErrorCode> {}

/** Runs a reader of bytes from outside; what the libraries throw (base64, DER, keys) comes out with our `code`. */
export function reading<T>(code: IssuanceErrorCode, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof IssuanceError || !(cause instanceof CodedError)) throw cause;
    throw new IssuanceError(code, `${what}: ${cause.message}`, { cause });
  }
}
