import type { Context } from '../context.js';
import { EXIT, explain } from '../failure.js';
import { plain, type Mark } from '../lines.js';

const UNAVAILABLE = 'is it running? a local stack starts with npm start';

/** One line of the doctor's report. */
export interface Finding {
  readonly mark: Mark;
  /** What was looked at. */
  readonly subject: string;
  readonly text: string;
  /** What to do about it. */
  readonly next?: string | undefined;
  /** What a command would exit with for this reason; 0 unless it failed. */
  readonly exit: number;
}

export function ok(subject: string, text: string): Finding {
  return { mark: 'ok', subject, text: plain(text), exit: 0 };
}

export function warn(subject: string, text: string, next: string): Finding {
  return { mark: 'warn', subject, text: plain(text), next, exit: 0 };
}

export function fail(subject: string, text: string, next: string | undefined, exit: number): Finding {
  return { mark: 'fail', subject, text: plain(text), next, exit };
}

/** What a check finds; what it throws is a finding too. */
export async function finding(
  subject: string,
  context: Context,
  check: () => Finding | Promise<Finding>,
): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    context.io.signal.throwIfAborted();
    const { message, next, exit } = explain(error);
    return fail(subject, message, exit === EXIT.unavailable ? UNAVAILABLE : next, exit);
  }
}
