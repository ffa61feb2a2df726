import { requestActionsToken } from '#libs/client';
import type { Context } from '../context.js';
import { Failure } from '../failure.js';
import { typed } from '../lines.js';
import { CLIENT_ID, parseIdentityToken, type IdentityToken } from './identity-token.js';

export interface IdentityOptions {
  readonly identityToken?: string;
  readonly device?: boolean;
  /** False after --no-browser. */
  readonly browser?: boolean;
}

/**
 * Who signs: the token given, that of the environment or of the CI job, else somebody who signs in. Nobody is asked
 * where nobody sits, unless --device or --no-browser says that somebody will.
 * @throws Failure, ServiceError
 */
export async function resolveIdentity(
  options: IdentityOptions,
  issuer: () => string,
  context: Context,
): Promise<IdentityToken> {
  const { env, signal, interactive } = context.io;
  const given = options.identityToken ?? env.SIGSTORE_ID_TOKEN;
  if (given !== undefined && given !== '') return parseIdentityToken(given);

  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = env;
  if (url && token) return parseIdentityToken(await requestActionsToken(url, token, CLIENT_ID, { signal }));

  if (options.device) {
    const { signInByDevice } = await import('./device-sign-in.js');
    return parseIdentityToken(await signInByDevice(issuer(), context));
  }
  if (interactive || options.browser === false) {
    const { signInByBrowser } = await import('./browser-sign-in.js');
    return parseIdentityToken(await signInByBrowser(issuer(), options.browser !== false, context));
  }
  throw new Failure(
    'usage',
    'there is no identity to sign with: no token is given, and there is no terminal to sign in on',
    advice(env),
  );
}

function advice(env: Context['io']['env']): string {
  if (env.GITHUB_ACTIONS === 'true') return 'in the workflow, give the job the permission "id-token: write"';
  if (env.GITLAB_CI === 'true') {
    return 'in .gitlab-ci.yml, give the job "id_tokens: { SIGSTORE_ID_TOKEN: { aud: sigstore } }"';
  }
  return (
    'give --identity-token TOKEN, or set SIGSTORE_ID_TOKEN; --device signs in with a code on another machine.\n' +
    `For the local stack: --identity-token "$(${typed('tally', env)} token --email you@example.org)"`
  );
}
