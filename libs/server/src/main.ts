import type { Logger } from 'pino';
import { createLogger } from './logger.js';
import { startService, type Service } from './service.js';
import { SettingsError } from './settings.js';

/** A shutdown that takes longer than this is cut short; what it leaves is what recovery is for. */
const SHUTDOWN_LIMIT_MS = 10_000;

/** Runs a service as a program: settings from the environment, JSON logs on stdout, SIGTERM and SIGINT end it. */
export async function runMain(load: (env: NodeJS.ProcessEnv) => Service): Promise<void> {
  let service: Service;
  let logger: Logger;
  try {
    service = load(process.env);
    logger = createLogger(service.name);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
  try {
    const running = await startService(service, logger);
    onShutdown(() => running.close());
  } catch (error) {
    logger.fatal({ err: error }, 'could not start');
    process.exit(1);
  }
}

/** Calls `close` once on SIGTERM or SIGINT, and ends the process when it is done or out of time. */
export function onShutdown(close: () => Promise<void>): void {
  let closing = false;
  const shutdown = (): void => {
    if (closing) return;
    closing = true;
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`shutdown failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', shutdown);
  process.on('SIGINT', shutdown);
}
