import { CodedError } from '#libs/crypto';

/**
 * - `no-key-file`: there is none at the path, and it was not to be made
 * - `unreadable-key-file`: the file system refused it
 * - `unwritable-key-file`: it could not be made, or not durably
 * - `exposed-key-file`: its mode lets others in
 * - `damaged-key-file`: it does not parse, or its private key is not the one that its header names
 * - `wrong-role`, `wrong-algorithm`, `development-key`: a sound key that is not for this use
 * - `passphrase-required`, `not-encrypted`: the file and the settings disagree about encryption
 * - `wrong-passphrase`: the passphrase is wrong or the file is damaged; PBES2 does not tell one from the other
 * - `signing-failed`: the key could not sign
 */
export type SignerErrorCode =
  | 'no-key-file'
  | 'unreadable-key-file'
  | 'unwritable-key-file'
  | 'exposed-key-file'
  | 'damaged-key-file'
  | 'wrong-role'
  | 'wrong-algorithm'
  | 'development-key'
  | 'passphrase-required'
  | 'not-encrypted'
  | 'wrong-passphrase'
  | 'signing-failed';

export class SignerError extends CodedError<SignerErrorCode> {}
