import { CodedError } from '#libs/crypto';

export type TlogErrorCode =
  | 'malformed-checkpoint'
  | 'origin-mismatch'
  | 'malformed-cosignature'
  | 'malformed-rfc6962-note-signature'
  | 'malformed-tile-path'
  | 'malformed-tile'
  | 'malformed-edge'
  | 'malformed-entry-bundle'
  | 'entry-too-large'
  | 'malformed-tile-leaf'
  | 'malformed-proof'
  | 'malformed-policy'
  | 'malformed-request'
  | 'malformed-reply'
  | 'out-of-range'
  | 'unsupported-key-type';

/** Bytes or values that are not what the C2SP tlog-* specifications say. */
export class TlogError extends CodedError<TlogErrorCode> {}
