import { CodedError } from '#libs/crypto';

export type NoteErrorCode =
  'malformed-note' | 'malformed-verifier-key' | 'unsupported-key-type' | 'invalid-signature' | 'unverified';

/** A note or a verifier key that is not what C2SP signed-note says, or that nobody we know has signed. */
export class NoteError extends CodedError<NoteErrorCode> {}
