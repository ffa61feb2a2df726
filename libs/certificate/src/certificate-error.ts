import { CodedError } from '#libs/crypto';

export type CertificateErrorCode =
  // reading
  | 'malformed-certificate'
  | 'unsupported-algorithm'
  // identity
  | 'no-identity'
  | 'malformed-identity'
  // chain
  | 'chain-length'
  | 'not-yet-valid'
  | 'expired'
  | 'unknown-critical-extension'
  | 'issuer-mismatch'
  | 'invalid-signature'
  | 'not-self-signed'
  | 'basic-constraints'
  | 'path-length'
  | 'key-usage'
  | 'extended-key-usage'
  // certificate transparency
  | 'malformed-sct'
  | 'no-sct'
  | 'unknown-log'
  | 'outside-log-validity'
  | 'invalid-sct-signature';

export class CertificateError extends CodedError<CertificateErrorCode> {}

/** Runs a parser; what the readers below it throw (DER, bytes, keys) comes out as a CertificateError with `code`. */
export function parsing<T>(code: CertificateErrorCode, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof CertificateError || !(cause instanceof CodedError)) throw cause;
    throw new CertificateError(code, `${what}: ${cause.message}`, { cause });
  }
}
