import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { generateKeyPair, SignJWT } from 'jose';
import { localServer, type LocalServer } from '../../../../test/local-server.js';

export interface OidcIssuer extends LocalServer {
  /** Errors to answer with, for one endpoint each. */
  readonly refuse: { authorize?: string; device?: string };
  /** How often the device has to ask until somebody has signed in. */
  pending: number;
}

/** Just enough of an OpenID provider: it signs everybody in as you@example.org, and holds clients to PKCE. */
export async function oidcIssuer(withDeviceFlow = true): Promise<OidcIssuer> {
  const { privateKey } = await generateKeyPair('ES256');
  const codes = new Map<string, { challenge: string; nonce: string; redirectUri: string }>();
  const refuse: OidcIssuer['refuse'] = {};

  const idToken = (nonce?: string): Promise<string> =>
    new SignJWT({ email: 'you@example.org', email_verified: true, ...(nonce === undefined ? {} : { nonce }) })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer.url)
      .setAudience('sigstore')
      .setSubject('you')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(privateKey);

  const json = (response: ServerResponse, status: number, body: object): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  const authorize = (query: URLSearchParams, response: ServerResponse): void => {
    const back = new URL(query.get('redirect_uri') ?? '');
    back.searchParams.set('state', query.get('state') ?? '');
    const problem = query.get('code_challenge_method') === 'S256' ? refuse.authorize : 'invalid_request';
    if (problem === undefined) {
      const code = randomUUID();
      codes.set(code, {
        challenge: query.get('code_challenge') ?? '',
        nonce: query.get('nonce') ?? '',
        redirectUri: query.get('redirect_uri') ?? '',
      });
      back.searchParams.set('code', code);
    } else {
      back.searchParams.set('error', problem);
      back.searchParams.set('error_description', 'you said no');
    }
    response.writeHead(302, { location: back.href }).end();
  };

  const tokens = async (form: URLSearchParams, response: ServerResponse): Promise<void> => {
    const success = async (nonce?: string): Promise<void> =>
      json(response, 200, {
        id_token: await idToken(nonce),
        access_token: 'opaque',
        token_type: 'Bearer',
        expires_in: 300,
      });
    if (form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:device_code') {
      if (refuse.device !== undefined) return json(response, 400, { error: refuse.device });
      return issuer.pending-- > 0 ? json(response, 400, { error: 'authorization_pending' }) : success();
    }
    const code = codes.get(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const good = code?.challenge === challenge && code.redirectUri === form.get('redirect_uri');
    return good ? success(code.nonce) : json(response, 400, { error: 'invalid_grant' });
  };

  const answer = async (request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> => {
    const { url } = issuer;
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return json(response, 200, {
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          jwks_uri: `${url}/jwks`,
          id_token_signing_alg_values_supported: ['ES256'],
          ...(withDeviceFlow ? { device_authorization_endpoint: `${url}/device` } : {}),
        });
      case '/authorize':
        return authorize(searchParams, response);
      case '/device':
        return json(response, 200, {
          device_code: 'device',
          user_code: 'ABCD-EFGH',
          verification_uri: `${url}/activate`,
          expires_in: 60,
          interval: 0.05,
        });
      case '/token':
        return tokens(new URLSearchParams(body.toString()), response);
      default:
        return json(response, 404, {});
    }
  };

  const server = await localServer((request, response, body) => void answer(request, response, body));
  const issuer: OidcIssuer = { ...server, refuse, pending: 1 };
  return issuer;
}
