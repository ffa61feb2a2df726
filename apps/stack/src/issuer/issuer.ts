import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { moveClientNameIntoForm } from './client-name.js';
import { developmentToken } from './development-token.js';
import { listenOnLoopback } from './loopback.js';
import { IssuerMetrics } from './metrics.js';
import { PAGE_HEADERS, homePage, problemPage } from './pages.js';
import { DEVELOPMENT_TOKEN_PATH, SIGN_IN_PATH, createProvider } from './provider.js';
import { signIn } from './sign-in.js';
import { openIssuerKey } from './signing-key.js';
import { STYLE } from './style.js';

export interface IssuerConfig {
  /** 0 takes any free port. */
  readonly port: number;
  /** The file of the signing key; made when there is none. */
  readonly keyPath: string;
}

export interface RunningIssuer {
  /** `http://localhost:<port>`: the `iss` of its tokens. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * The development OIDC issuer: it signs whatever e-mail address it is given. Listens on loopback only, and answers only
 * to loopback names, so that a web site that points its own name at 127.0.0.1 cannot read tokens from it.
 */
export async function startIssuer({ port, keyPath }: IssuerConfig, logger: Logger): Promise<RunningIssuer> {
  const key = await openIssuerKey(keyPath);

  const listener = await listenOnLoopback(port, (chosen) => {
    const issuer = `http://localhost:${chosen}`;
    const hosts = new Set(['localhost', '127.0.0.1', '[::1]'].map((name) => `${name}:${chosen}`));
    const metrics = new IssuerMetrics();
    const provider = createProvider(issuer, key, metrics);
    const provide = provider.callback();
    // Koa's own `error` event, without whose listener it prints to the terminal, is missing from the provider's types.
    (provider as EventEmitter).on('error', (error: Error) => logger.error({ err: error }, 'issuer failed'));
    provider.on('server_error', (_ctx, error: Error) => logger.error({ err: error }, 'issuer failed'));

    async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
      if (!hosts.has(request.headers.host ?? '')) {
        return plain(response, 421, `this is the development issuer ${issuer}, and it answers to no other name`);
      }
      const path = request.url?.split('?')[0] ?? '/';
      if (path === '/') return void response.writeHead(200, PAGE_HEADERS).end(homePage(issuer));
      if (path === '/style.css')
        return void response.writeHead(200, { 'content-type': 'text/css; charset=utf-8' }).end(STYLE);
      if (path === '/health/live' || path === '/health/ready') return plain(response, 200, 'ok');
      if (path === '/metrics') return plain(response, 200, await metrics.registry.metrics());
      if (path === DEVELOPMENT_TOKEN_PATH) return developmentToken({ issuer, key, metrics }, request, response);
      if (path.startsWith(SIGN_IN_PATH)) return signIn(provider, request, response);
      moveClientNameIntoForm(request);
      return provide(request, response);
    }

    return (request, response) => {
      route(request, response).catch((error: unknown) => {
        logger.error({ err: error, method: request.method }, 'issuer failed');
        if (response.headersSent) response.destroy();
        else
          response
            .writeHead(500, PAGE_HEADERS)
            .end(problemPage('This did not work', 'The reason is in the log of the stack.'));
      });
    };
  });

  return { url: `http://localhost:${listener.port}`, close: () => listener.close() };
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
