import { CodedError } from '#libs/crypto';

/** What an exit code means; scripts rely on it. */
export const EXIT = {
  done: 0,
  'not-verified': 1,
  usage: 2,
  'nothing-to-verify': 3,
  'no-trust': 4,
  unavailable: 5,
  misbehaviour: 6,
  'no-quorum': 7,
  interrupted: 130,
} as const;

export type FailureCode = Exclude<keyof typeof EXIT, 'done' | 'interrupted'>;

/** A command can't go on. The message says what and why, `next` what to do about it. */
export class Failure extends CodedError<FailureCode> {
  constructor(
    code: FailureCode,
    message: string,
    readonly next?: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
  }
}

export interface Explanation {
  readonly exit: number;
  readonly code: string;
  readonly message: string;
  readonly next: string | undefined;
}

/** The words of what was thrown, without the name of its class. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** What to tell the user about anything that was thrown. */
export function explain(error: unknown): Explanation {
  if (error instanceof Failure) {
    return { exit: EXIT[error.code], code: error.code, message: error.message, next: error.next };
  }
  // By name: to verify must not load the code that knows the network.
  if (error instanceof CodedError && error.name === 'ServiceError') {
    return { code: error.code, message: error.message, ...serviceAdvice(error.code) };
  }
  if (error instanceof CodedError && error.name === 'VerificationError' && error.code === 'quorum') {
    return { exit: EXIT['no-quorum'], code: error.code, message: error.message, next: undefined };
  }
  if (error instanceof CodedError) {
    return { exit: EXIT['not-verified'], code: error.code, message: error.message, next: undefined };
  }
  return {
    exit: EXIT['not-verified'],
    code: 'internal',
    message: reasonOf(error),
    next: 'this is a fault in tally: --debug shows where',
  };
}

function serviceAdvice(code: string): Pick<Explanation, 'exit' | 'next'> {
  switch (code) {
    // It answered, about this request: asking again won't help, so it is no outage.
    case 'refused':
      return { exit: EXIT['not-verified'], next: undefined };
    case 'rate-limited':
      return { exit: EXIT.unavailable, next: 'try again later' };
    case 'redirected':
      return { exit: EXIT.unavailable, next: undefined }; // the message says what to do
    default:
      return { exit: EXIT.unavailable, next: 'is the deployment running? tally doctor looks at each of its services' };
  }
}
