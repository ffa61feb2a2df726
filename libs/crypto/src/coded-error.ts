/** An error that a program can branch on: `code` comes from the closed union of the library that threw it. */
export class CodedError<C extends string = string> extends Error {
  constructor(
    readonly code: C,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

export type BytesErrorCode =
  'malformed-base64' | 'malformed-hex' | 'malformed-pem' | 'malformed-utf8' | 'truncated' | 'trailing-data';
export class BytesError extends CodedError<BytesErrorCode> {}

export type DerErrorCode = 'malformed-der' | 'unexpected-der';
export class DerError extends CodedError<DerErrorCode> {}

export type CryptoErrorCode = 'malformed-key' | 'unsupported-key';
export class CryptoError extends CodedError<CryptoErrorCode> {}
