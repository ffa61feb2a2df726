import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that takes longer than this to arrive is cut off, in milliseconds. */
const REQUEST_TIMEOUT_MS = 20_000;

/** How long requests under way may still take after `close`, in milliseconds. */
const CLOSE_GRACE_MS = 2_000;

export interface LoopbackListener {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1 and, where the machine has IPv6, on ::1 with the same port: `localhost` means either of the two,
 * and which one is tried first depends on the client. `port` 0 takes any free one.
 */
export async function listenOnLoopback(
  port: number,
  listener: (port: number) => RequestListener,
): Promise<LoopbackListener> {
  const first = await listen('127.0.0.1', port);
  const chosen = (first.address() as AddressInfo).port;
  const servers = [first];
  try {
    servers.push(await listen('::1', chosen));
  } catch (error) {
    const noIpv6 = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '');
    if (!noIpv6) {
      await close(first);
      throw error;
    }
  }
  const onRequest = listener(chosen);
  for (const server of servers) server.on('request', onRequest);
  return {
    port: chosen,
    async close() {
      await Promise.all(servers.map(close));
    },
  };
}

function listen(host: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1_000, // Node looks every 30 s only
    });
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve(server);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
  });
}
