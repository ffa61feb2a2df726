import { randomBytes } from 'node:crypto';
import { Provider, errors, interactionPolicy } from 'oidc-provider';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { memoryAdapter } from './adapter.js';
import type { IssuerMetrics } from './metrics.js';
import { PAGE_HEADERS, deviceCodePage, deviceConfirmPage, deviceDonePage, problemPage } from './pages.js';
import { ID_TOKEN_ALGORITHM } from './signing-key.js';
import type { IssuerKey } from './signing-key.js';
import { CLIENT_ID, ID_TOKEN_SECONDS, claimsFor } from './tokens.js';

/** Where the sign-in page is; `interactions.url` and the server's routes must agree. */
export const SIGN_IN_PATH = '/sign-in/';
export const DEVELOPMENT_TOKEN_PATH = '/development/token';

/** How long somebody may take to sign in, in seconds. */
const SIGN_IN_SECONDS = 600;

/** The OpenID Connect provider: one public client, code flow with PKCE and device flow, and no memory of who signed in. */
export function createProvider(issuer: string, key: IssuerKey, metrics: IssuerMetrics): Provider {
  const provider = new Provider(issuer, configuration(issuer, key));
  provider.use(async (ctx: KoaContextWithOIDC, next) => {
    await next();
    // Some clients take `access_token` for the identity token, as Dex answers: both are the same JWT.
    if (ctx.oidc?.route === 'token') {
      const answer = ctx.body as { id_token?: string; access_token?: string };
      if (answer.id_token !== undefined) {
        answer.access_token = answer.id_token;
        metrics.tokens.inc({ way: 'sign-in' });
      }
    }
    // RFC 8628 §3.2: without it a client waits five seconds between its questions.
    if (ctx.oidc?.route === 'device_authorization' && ctx.status === 200)
      Object.assign(ctx.body as object, { interval: 1 });
    // A link that carries the code is answered by a page that needs JavaScript; ours does not.
    const code =
      ctx.oidc?.route === 'code_verification' && ctx.method === 'GET' ? ctx.oidc.params?.user_code : undefined;
    if (typeof code === 'string') show(ctx, deviceConfirmPage({ ...deviceForm(ctx), code }));
    // Every sign-in asks anew who to be, so a session that knows somebody is of no use afterwards.
    if (ctx.oidc?.session?.accountId !== undefined) await ctx.oidc.session.destroy();
  });
  return provider;
}

function configuration(issuer: string, key: IssuerKey): Configuration {
  return {
    adapter: memoryAdapter(),
    jwks: { keys: [key.jwk] },
    clients: [
      {
        client_id: CLIENT_ID,
        application_type: 'native', // RFC 8252 §7.3: any port of a loopback redirect
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
        redirect_uris: ['http://localhost/auth/callback', 'http://127.0.0.1/auth/callback'],
        id_token_signed_response_alg: ID_TOKEN_ALGORITHM,
      },
    ],
    responseTypes: ['code'],
    clientAuthMethods: ['none'],
    scopes: ['openid', 'email'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false, // else `email` is only at the userinfo endpoint, and no Sigstore client asks there
    enabledJWA: { idTokenSigningAlgValues: [ID_TOKEN_ALGORITHM] },
    pkce: { required: () => true },
    findAccount: (_ctx, email) => ({ accountId: email, claims: () => claimsFor(email) }),
    interactions: { policy: alwaysAsk(), url: (_ctx, interaction) => `${SIGN_IN_PATH}${interaction.uid}` },
    expiresWithSession: () => false,
    clientBasedCORS: () => false,
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      // Cookies don't know ports: other servers on `localhost` see ours, so that their names must not collide.
      names: { session: 'tally_issuer', interaction: 'tally_issuer_sign_in', resume: 'tally_issuer_resume' },
    },
    discovery: { tally_development_token_endpoint: `${issuer}${DEVELOPMENT_TOKEN_PATH}` },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      deviceFlow: { enabled: true, ...devicePages() },
    },
    renderError: (ctx, out) => {
      show(ctx, problemPage('This sign-in cannot go on', out.error_description ?? out.error));
    },
    ttl: {
      AccessToken: ID_TOKEN_SECONDS,
      AuthorizationCode: 60,
      DeviceCode: SIGN_IN_SECONDS,
      Grant: SIGN_IN_SECONDS,
      IdToken: ID_TOKEN_SECONDS,
      Interaction: SIGN_IN_SECONDS,
      Session: SIGN_IN_SECONDS,
    },
  };
}

function alwaysAsk(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  policy
    .get('login')
    ?.checks.add(
      new Check('not_asked', 'the person has not been asked yet who to be', ({ oidc }) =>
        oidc.result?.login === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
    );
  return policy;
}

function devicePages(): NonNullable<NonNullable<Configuration['features']>['deviceFlow']> {
  return {
    userCodeInputSource(ctx, _form, _out, error) {
      show(ctx, deviceCodePage({ ...deviceForm(ctx), problem: error && deviceProblem(error) }));
    },
    userCodeConfirmSource(ctx, _form, _client, _deviceInfo, code) {
      show(ctx, deviceConfirmPage({ ...deviceForm(ctx), code }));
    },
    successSource(ctx) {
      show(ctx, deviceDonePage(ctx.oidc.session?.accountId ?? 'signed in'));
    },
  };
}

/** The form of a device page; the provider put the secret into the session just before it asks for the page. */
function deviceForm(ctx: KoaContextWithOIDC): { action: string; xsrf: string } {
  const state = ctx.oidc.session?.state as { secret?: string } | undefined;
  return { action: ctx.oidc.urlFor('code_verification'), xsrf: state?.secret ?? '' };
}

function deviceProblem(error: Error): string {
  switch (error.name) {
    case 'NoCodeError':
      return 'Enter the code that your terminal shows.';
    case 'NotFoundError':
      return 'No such code. Compare it with your terminal, letter by letter.';
    case 'ExpiredError':
      return 'This code has expired. Start again in your terminal.';
    case 'AlreadyUsedError':
      return 'This code has been used. Start again in your terminal.';
    case 'AbortedError':
      return 'Stopped: the program in the terminal gets nothing.';
    default:
      return error instanceof errors.OIDCProviderError
        ? (error.error_description ?? error.error)
        : 'This did not work. Try again.';
  }
}

function show(ctx: KoaContextWithOIDC, body: string): void {
  ctx.set(PAGE_HEADERS);
  ctx.body = body;
}
