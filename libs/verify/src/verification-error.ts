import type { Identity } from '#libs/certificate';
import { CodedError } from '#libs/crypto';
import type { QuorumVerdict } from './quorum.js';

/** The check that failed. */
export type VerificationErrorCode =
  // 1. the bundle, and what it is verified with
  | 'malformed-bundle'
  | 'malformed-certificate'
  | 'key-material'
  // 2. time
  | 'timestamp'
  | 'inclusion-promise'
  | 'integrated-time'
  | 'no-trusted-time'
  // 3. to 5. the certificate
  | 'certificate-chain'
  | 'sct'
  | 'identity-required'
  | 'identity'
  // 6. the log entry
  | 'no-log-entry'
  | 'unknown-log'
  | 'log-validity'
  | 'canonical-body'
  | 'checkpoint'
  | 'inclusion-proof'
  // 7. the signature
  | 'artifact-digest'
  | 'signature'
  | 'statement'
  // 8. thresholds
  | 'duplicate-evidence'
  // 9. the witnesses
  | 'quorum';

export class VerificationError extends CodedError<VerificationErrorCode> {
  /** With `identity-required` and `identity`: whom the certificate was issued to, as far as the CA is trusted. */
  readonly identity?: Identity;
  /** With `quorum`: who cosigned and who did not. */
  readonly quorum?: QuorumVerdict;

  constructor(
    code: VerificationErrorCode,
    message: string,
    options?: ErrorOptions & { identity?: Identity; quorum?: QuorumVerdict },
  ) {
    super(code, message, options);
    if (options?.identity) this.identity = options.identity;
    if (options?.quorum) this.quorum = options.quorum;
  }
}

/** Runs a check; what the libraries below refuse comes out as a VerificationError with `code`. */
export function checking<T>(code: VerificationErrorCode, what: string, check: () => T): T {
  try {
    return check();
  } catch (cause) {
    if (cause instanceof VerificationError || !(cause instanceof CodedError)) throw cause;
    throw new VerificationError(code, `${what}: ${cause.message}`, { cause });
  }
}
