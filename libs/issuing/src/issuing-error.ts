import { CodedError } from '#libs/crypto';

export type IssuingErrorCode =
  | 'unsupported-algorithm'
  | 'invalid-signature'
  | 'wrong-key'
  | 'no-key-identifier'
  | 'serial-number'
  | 'outside-validity'
  | 'unencodable-identity'
  | 'no-sct'
  | 'precertificate-mismatch';

/** Something that must not be signed, or was not signed well: nothing leaves that a verifier would refuse. */
export class IssuingError extends CodedError<IssuingErrorCode> {}
