import { spawn } from 'node:child_process';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { note, type Context } from '../context.js';
import { Failure } from '../failure.js';
import { discoverIssuer, isLoopback, SCOPE, signInFailure } from './issuer.js';

const CALLBACK_PATH = '/auth/callback';
const WAIT_MS = 5 * 60_000;

/** Authorization code flow with PKCE, state and nonce; the answer comes to a loopback port (RFC 8252 §7.3). The ID token. */
export async function signInByBrowser(issuer: string, open: boolean, context: Context): Promise<string> {
  const { signal } = context.io;
  const config = await discoverIssuer(issuer, signal);
  const pkceCodeVerifier = randomPKCECodeVerifier();
  const expectedState = randomState();
  const expectedNonce = randomNonce();
  const callback = await listen(expectedState, AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]));
  try {
    const url = buildAuthorizationUrl(config, {
      redirect_uri: callback.url,
      scope: SCOPE,
      code_challenge: await calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
    });
    requirePage(url, issuer);
    note(context, `${open ? 'Your browser opens; if it does not, go to' : 'To sign in, go to'}\n  ${url.href}`);
    if (open) openBrowser(url);
    const answer = await callback.answer;
    const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
    const tokens = await authorizationCodeGrant(config, answer, checks);
    return tokens.id_token ?? '';
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof Failure) throw cause;
    throw signInFailure(`the sign-in at ${issuer} failed`, cause);
  } finally {
    callback.close();
  }
}

/** What is handed to the desktop is opened by whatever its scheme belongs to, a local file is even run. */
function requirePage(url: URL, issuer: string): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url))) return;
  throw new Failure(
    'unavailable',
    `the identity provider ${issuer} has its sign-in page at ${url.protocol}//${url.host}, it should be on https`,
  );
}

interface Callback {
  readonly url: string;
  /** The URL that the browser came back to. */
  readonly answer: Promise<URL>;
  close(): void;
}

async function listen(state: string, signal: AbortSignal): Promise<Callback> {
  const server = createServer();
  const url = await start(server);
  const answer = new Promise<URL>((resolve, reject) => {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const target = URL.parse(request.url ?? '', url);
      // Anything on this machine can call this port; only the one who knows the state is the sign-in we began.
      if (target?.pathname !== CALLBACK_PATH || target.searchParams.get('state') !== state) {
        response.writeHead(404, { connection: 'close' }).end();
        return;
      }
      const headline = target.searchParams.has('code') ? 'You are signed in' : 'The sign-in was refused';
      response
        .writeHead(200, {
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-store',
          connection: 'close',
        })
        .end(page(headline), () => resolve(target));
    });
    signal.addEventListener('abort', () =>
      reject(new Failure('usage', 'nobody signed in', 'the sign-in waits five minutes; start again, or use --device')),
    );
  });
  answer.catch(() => undefined); // it may be rejected before anybody awaits it
  return { url: `${url}${CALLBACK_PATH}`, answer, close: () => server.close() };
}

async function start(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function page(headline: string): string {
  return `<!doctype html><meta charset="utf-8"><title>tally</title>
<body style="color-scheme: light dark; font: 1.1rem system-ui; margin: 4rem auto; max-width: 30rem"><h1>${headline}</h1><p>You can close this window and go back to the terminal.</p>
`;
}

function openBrowser(url: URL): void {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url.href]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', url.href]
        : ['xdg-open', url.href];
  const opener = spawn(command, args, { stdio: 'ignore', detached: true });
  opener.on('error', () => undefined); // the address is printed anyway
  opener.unref();
}
