import { CodedError } from '#libs/crypto';
import { CertificateError } from '#libs/certificate';

export type TimestampErrorCode =
  // a request
  | 'malformed-request'
  | 'unsupported-version'
  | 'unsupported-extension'
  // either
  | 'unsupported-algorithm'
  // a response
  | 'malformed-response'
  | 'not-granted'
  | 'imprint-mismatch'
  | 'unknown-signer'
  | 'outside-validity'
  | 'certificate-chain'
  | 'invalid-signature';

export class TimestampError extends CodedError<TimestampErrorCode> {}

/** Runs a parser; what the readers below it throw comes out as a TimestampError, with `code` where it has no better one. */
export function parsing<T>(code: TimestampErrorCode, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof TimestampError || !(cause instanceof CodedError)) throw cause;
    const unsupported = cause instanceof CertificateError && cause.code === 'unsupported-algorithm';
    throw new TimestampError(unsupported ? cause.code : code, `${what}: ${cause.message}`, { cause });
  }
}
