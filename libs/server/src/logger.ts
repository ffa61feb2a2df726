import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger } from 'pino';
import { SettingsError } from './settings.js';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

/**
 * JSON lines with the service's name, as many as `TALLY_LOGGING` says. Tokens never reach a log: nobody passes them, and
 * these paths are cut if somebody does. @throws SettingsError
 */
export function createLogger(name: string, destination?: DestinationStream): Logger {
  const level = process.env['TALLY_LOGGING'] || 'info';
  if (!LEVELS.includes(level)) {
    throw new SettingsError(`TALLY_LOGGING is ${JSON.stringify(level)}: expected one of ${LEVELS.join(', ')}`);
  }
  const options = {
    name,
    level,
    redact: [
      'token',
      'identityToken',
      '*.token',
      '*.identityToken',
      'headers.authorization',
      'req.headers.authorization',
    ],
  };
  return destination ? pino(options, destination) : pino(options);
}

/** What of Nest says why a start or a listen has failed: whoever started has the same error, and says it. */
const OF_THE_START = new Set<unknown>(['ExceptionHandler', 'NestApplication']);

/** Nest's own messages, in the same lines: start-up chatter is for debugging, warnings and errors are kept. */
export function nestLogger(logger: Logger): LoggerService {
  return {
    log: (message: unknown) => logger.debug(String(message)),
    debug: (message: unknown) => logger.debug(String(message)),
    verbose: (message: unknown) => logger.trace(String(message)),
    warn: (message: unknown) => logger.warn(String(message)),
    error: (message: unknown, stack?: unknown, context?: unknown) => {
      if (OF_THE_START.has(context)) logger.debug({ stack }, String(message));
      else logger.error({ stack }, String(message));
    },
    fatal: (message: unknown, stack?: unknown) => logger.fatal({ stack }, String(message)),
  };
}
