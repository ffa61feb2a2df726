/** What a controller throws to answer with a status; the error filter gives it the format of the path it was asked on. */
export interface HttpErrorOptions extends ErrorOptions {
  /** google.rpc.Code for services that answer with google.rpc.Status; by default the one that the status maps to. */
  readonly rpcCode?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An answer whose body the protocol fixes (C2SP tlog-witness: 409 with the size), instead of the message. */
  readonly body?: { readonly contentType: string; readonly content: string };
}

export class HttpError extends Error {
  override readonly name = 'HttpError';

  constructor(
    readonly status: number,
    message: string,
    readonly options: HttpErrorOptions = {},
  ) {
    super(message, options);
  }
}
