import { CodedError } from '#libs/crypto';

export type MerkleErrorCode =
  | 'malformed-hash'
  | 'malformed-frontier'
  | 'size-out-of-range'
  | 'index-out-of-range'
  | 'invalid-subtree'
  | 'wrong-proof-length'
  | 'root-mismatch';

/** A proof that does not hold, or arguments that name no tree. */
export class MerkleError extends CodedError<MerkleErrorCode> {}
