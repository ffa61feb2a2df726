import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** A real OpenID Connect issuer on a free port: discovery, keys, and tokens for whoever asks. */
export interface OidcIssuer {
  readonly url: string;
  /** A good token with these claims, which may also change `iss`, `aud`, `iat`, `exp`. */
  token(claims: JWTPayload): Promise<string>;
  /** How often each path was asked for. */
  readonly requests: Readonly<Record<string, number>>;
  /** Answers every request from now on, instead of the issuer; undefined makes it itself again. */
  misbehave(handler?: (request: IncomingMessage, response: ServerResponse) => void): void;
  close(): Promise<void>;
}

const KEY_ID = 'issuer-key-1';

export async function startOidcIssuer(): Promise<OidcIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: KEY_ID, alg: 'ES256', use: 'sig' };
  const requests: Record<string, number> = {};
  let handler: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests[path] = (requests[path] ?? 0) + 1;
    if (handler) return handler(request, response);
    const answers: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: [jwk] },
    };
    const answer = answers[path];
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
  });
  const url = `http://localhost:${await listen(server)}`;
  return {
    url,
    requests,
    token(claims) {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: url, aud: 'sigstore', iat: now, exp: now + 60, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
        .sign(privateKey);
    },
    misbehave(instead) {
      handler = instead;
    },
    close: () => closeServer(server),
  };
}

/** The port. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
}

export function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
