import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { Counter, type Registry } from 'prom-client';

/**
 * Open connections of one listener, idle ones too. A proxy in front needs a few hundred; each costs a file descriptor, of which
 * the store needs some as well.
 */
export const MAX_CONNECTIONS = 4096;
/** A flood must not flood the log. */
const WARN_EVERY_MS = 60_000;

/** Closes at once what connects beyond `max`, counts it, and says so in the log once a minute. */
export function limitConnections(
  server: Server,
  max: number,
  { registry, logger }: { readonly registry: Registry; readonly logger: Logger },
): void {
  const refused = new Counter({
    name: 'http_connections_refused_total',
    help: 'Connections that were closed at once, as too many were open.',
    registers: [registry],
  });
  let unsaid = 0;
  let warnedAt = -Infinity;
  server.maxConnections = max;
  server.on('drop', () => {
    refused.inc();
    unsaid++;
    if (performance.now() - warnedAt < WARN_EVERY_MS) return;
    logger.warn({ open: max, refused: unsaid }, 'too many connections are open: refusing more');
    warnedAt = performance.now();
    unsaid = 0;
  });
}
