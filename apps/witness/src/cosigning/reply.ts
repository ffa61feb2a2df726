import type { AddCheckpointAnswer } from './answer.js';
import { REFUSALS } from './refusal.js';

/** An answer by the rules of tlog-witness, whatever carries it. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

const TEXT = 'text/plain; charset=utf-8';

export function replyTo(answer: AddCheckpointAnswer): Reply {
  const said = (status: number, message: string, headers: Reply['headers'] = {}): Reply => {
    return { status, contentType: TEXT, body: `${message}\n`, headers };
  };
  switch (answer.kind) {
    case 'cosigned':
      return { status: 200, contentType: TEXT, body: answer.lines, headers: {} };
    case 'conflict':
      // tlog-witness: the size that we know, so that the log can try again from there.
      return { status: 409, contentType: 'text/x.tlog.size', body: `${answer.size}\n`, headers: {} };
    case 'refused':
      return said(REFUSALS[answer.reason], answer.message);
    case 'busy':
      return said(503, answer.message, retryAfter(answer.retryAfterSeconds));
    case 'rate-limited':
      return said(429, 'more checkpoints than the log may bring', retryAfter(answer.retryAfterSeconds));
  }
}

export function retryAfter(seconds: number): Readonly<Record<string, string>> {
  return { 'retry-after': String(seconds) };
}
