import type { Logger } from 'pino';
import { LogError } from '../log-error.js';

/** A log that found something wrong takes nothing and signs nothing any more, until an operator has looked and restarts it. */
export class Freeze {
  #reason: string | undefined;

  constructor(private readonly logger: Logger) {}

  get reason(): string | undefined {
    return this.#reason;
  }

  freeze(error: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = error instanceof Error ? error.message : String(error);
    this.logger.fatal({ err: error }, 'the log is frozen');
  }

  /** @throws LogError frozen */
  check(): void {
    if (this.#reason !== undefined) throw new LogError('frozen', `the log is frozen: ${this.#reason}`);
  }
}
