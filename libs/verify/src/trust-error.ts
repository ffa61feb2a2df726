import { CodedError } from '#libs/crypto';

/** Trust material that is not what its format says. */
export type TrustErrorCode = 'malformed-trusted-root' | 'malformed-signing-config' | 'malformed-trust-config';

export class TrustError extends CodedError<TrustErrorCode> {}
