import { CodedError } from '#libs/crypto';

/** Why something is not an entry, or may not be logged. */
export type EntryErrorCode =
  | 'malformed-request'
  | 'unsupported-key-details'
  | 'no-digest-algorithm'
  | 'malformed-verifier'
  | 'key-mismatch'
  | 'digest-length'
  | 'signature-count'
  | 'invalid-signature'
  | 'entry-too-large'
  | 'malformed-entry'
  | 'unsupported-entry'
  | 'not-canonical'
  | 'malformed-statement';

export class EntryError extends CodedError<EntryErrorCode> {}
