import { utf8Decode } from '#libs/crypto';
import { name, type Answer } from './exchange.js';
import { ServiceError } from './service-error.js';

/** What of a refusal goes into a message. */
const SHOWN_CHARACTERS = 300;
const KEPT_CHARACTERS = 4_000;

/** The answer, if its status is one of `statuses`. @throws ServiceError refused (4xx), unexpected-answer (others) */
export function expectStatus(answer: Answer, ...statuses: readonly number[]): Answer {
  if (statuses.includes(answer.status)) return answer;
  throw refusal(answer);
}

/** The error that says what the service said. */
export function refusal(answer: Answer): ServiceError {
  const { status } = answer;
  const body = text(answer);
  const said = explanation(body);
  const refused = status >= 400 && status < 500;
  return new ServiceError(
    refused ? 'refused' : 'unexpected-answer',
    `${name(answer.request)} answered HTTP ${status}${said === '' ? '' : `: ${said}`}`,
    { status, body },
  );
}

/** What `read` makes of the answer. @throws ServiceError unexpected-answer, with the parser's own error as cause */
export function expectParsed<T>(answer: Answer, what: string, read: (body: Uint8Array) => T): T {
  try {
    return read(answer.body);
  } catch (cause) {
    if (cause instanceof ServiceError) throw cause;
    throw unexpected(
      answer,
      `${what} that does not parse: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
}

/** As `expectParsed`, of JSON. */
export function expectJson<T>(answer: Answer, what: string, read: (json: unknown) => T): T {
  return expectParsed(answer, what, (body) => read(JSON.parse(utf8Decode(body))));
}

/** `<service> answered with <what>`. */
export function unexpected(answer: Answer, what: string, cause?: unknown): ServiceError {
  return new ServiceError('unexpected-answer', `${name(answer.request)} answered with ${what}`, {
    status: answer.status,
    cause,
  });
}

/** The body as text without control characters, cut: for messages only. */
export function text(answer: Answer): string {
  const decoded = new TextDecoder().decode(answer.body.subarray(0, KEPT_CHARACTERS));
  // A terminal must not obey what a service says.
  return decoded.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
}

/** `message` of a google.rpc.Status, `detail` or `title` of a problem (RFC 9457), what OAuth says, else the text itself. */
export function explanation(body: string): string {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === 'object' && json !== null) {
      for (const key of ['message', 'detail', 'error_description', 'title']) {
        const value = (json as Record<string, unknown>)[key];
        if (typeof value === 'string' && value !== '') return value.slice(0, SHOWN_CHARACTERS);
      }
    }
  } catch {
    // Not JSON: C2SP paths answer in plain text.
  }
  return body.slice(0, SHOWN_CHARACTERS);
}
