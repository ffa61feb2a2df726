import type { IncomingMessage, ServerResponse } from 'node:http';
import { isEmail } from './email.js';
import type { IssuerMetrics } from './metrics.js';
import { BodyTooLargeError, hasMediaType, readBody } from './request-body.js';
import type { IssuerKey } from './signing-key.js';
import { mintIdToken } from './tokens.js';

export interface DevelopmentTokens {
  readonly issuer: string;
  readonly key: IssuerKey;
  readonly metrics: IssuerMetrics;
}

/** `POST {"email": "you@example.org"}` → `{"id_token": "…"}`: an ID token for anybody, without a page. */
export async function developmentToken(
  { issuer, key, metrics }: DevelopmentTokens,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'POST') {
    return answer(response, 405, problem('use POST with the JSON body {"email": "you@example.org"}'), {
      allow: 'POST',
    });
  }
  // A page of another site can post a form here, but it cannot send this media type without being asked first.
  if (!hasMediaType(request, 'application/json')) {
    return answer(response, 415, problem('the content type must be application/json'));
  }
  let email: unknown;
  try {
    email = (JSON.parse(await readBody(request)) as { email?: unknown } | null)?.email;
  } catch (error) {
    if (error instanceof BodyTooLargeError)
      return answer(response, 413, problem(error.message), { connection: 'close' });
    return answer(response, 400, problem('the body is not JSON'));
  }
  if (!isEmail(email)) {
    return answer(response, 400, problem('"email" must be an e-mail address such as you@example.org'));
  }
  metrics.tokens.inc({ way: 'development' });
  return answer(response, 200, { id_token: await mintIdToken(email, issuer, key) });
}

/** RFC 6749 §5.2, as the issuer's other endpoints answer. */
function problem(description: string): object {
  return { error: 'invalid_request', error_description: description };
}

function answer(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(JSON.stringify(body));
}
