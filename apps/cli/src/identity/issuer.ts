import {
  allowInsecureRequests,
  customFetch,
  discovery,
  None,
  type Configuration,
  type CustomFetch,
} from 'openid-client';
import { Failure } from '../failure.js';
import { CLIENT_ID } from './identity-token.js';

export const SCOPE = 'openid email';
const TIMEOUT_SECONDS = 30;

/** The issuer's endpoints, ready for a sign-in. Plain http only on this very machine. @throws Failure */
export async function discoverIssuer(issuer: string, signal: AbortSignal): Promise<Configuration> {
  const url = new URL(issuer);
  if (url.protocol !== 'https:' && !isLoopback(url)) {
    throw new Failure(
      'usage',
      `the identity provider ${issuer} is not on https`,
      'a sign-in over http would give the token away',
    );
  }
  const abortable: CustomFetch = (target, init) =>
    fetch(target, {
      ...init,
      body: init.body as BodyInit,
      signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal,
    });
  try {
    return await discovery(url, CLIENT_ID, undefined, None(), {
      execute: url.protocol === 'https:' ? [] : [allowInsecureRequests],
      timeout: TIMEOUT_SECONDS,
      [customFetch]: abortable,
    });
  } catch (cause) {
    throw signInFailure(`the identity provider ${issuer} can't be asked`, cause);
  }
}

export function isLoopback(url: URL): boolean {
  return url.hostname === 'localhost' || url.hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(url.hostname);
}

/** An OAuth error of the issuer is a refusal; anything else kept us from reaching it. */
export function signInFailure(what: string, cause: unknown): Failure {
  const { error, error_description: description } = cause as { error?: unknown; error_description?: unknown };
  if (typeof error === 'string') {
    return new Failure('not-verified', `${what}: ${typeof description === 'string' ? description : error}`, undefined, {
      cause,
    });
  }
  return new Failure(
    'unavailable',
    `${what}: ${innermost(cause)}`,
    'is the deployment running? tally doctor looks at it',
    {
      cause,
    },
  );
}

/** openid-client wraps what happened in what it means for it. */
function innermost(cause: unknown): string {
  const { message, cause: below } = cause as { message?: unknown; cause?: unknown };
  if (typeof below === 'object' && below !== null && 'message' in below) return innermost(below);
  return typeof message === 'string' && message !== '' ? message : String(cause);
}
