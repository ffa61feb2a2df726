import type { Logger } from 'pino';
import { CodedError } from '#libs/crypto';
import { SignerError } from '#libs/signer';
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
    const { exitCode, reason } = startFailure(error);
    if (reason === undefined) logger.fatal({ err: error }, 'could not start');
    else process.stderr.write(`${reason}\n`);
    process.exit(exitCode);
  }
}

/** Why a service did not start, in one line, if the reason is around it and not in it. */
export function startFailure(error: unknown): { readonly exitCode: number; readonly reason: string | undefined } {
  if (error instanceof SettingsError || error instanceof SignerError) return { exitCode: 2, reason: error.message };
  const { syscall, message } = error as NodeJS.ErrnoException;
  const isKnown = error instanceof CodedError || syscall !== undefined;
  return { exitCode: 1, reason: isKnown ? `could not start: ${message}` : undefined };
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
