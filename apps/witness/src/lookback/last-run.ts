import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setInterval } from 'node:timers';
import { utf8Encode } from '#libs/crypto';
import { replaceFile } from '#libs/tile-store';
import type { Logger } from 'pino';

/** How often a running witness says that it runs. */
const BEAT_MS = 60_000;
/** A pause that is longer may have been used to put an older copy of the data in its place. */
const ORDINARY_PAUSE_MS = 15 * 60_000;

const FILE = 'last-run';

/**
 * When the witness last ran on this data, to the minute: the file `last-run` beside the event store. After an ordinary
 * restart it is minutes old. In a backup it is as old as the backup, and in a machine that was frozen and thawed the clock
 * has jumped: then nobody may take the record for the newest one before he has looked.
 */
export class LastRun {
  #timer: NodeJS.Timeout | undefined;
  #lastBeat: number;
  #suspicious: boolean;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly directory: string,
    private readonly logger: Logger,
    ranAt: number | undefined,
    now: number,
  ) {
    this.#lastBeat = now;
    this.#suspicious = ranAt === undefined || Math.abs(now - ranAt) > ORDINARY_PAUSE_MS;
    if (this.#suspicious) {
      const lastRun = ranAt === undefined ? 'not known' : new Date(ranAt).toISOString();
      logger.warn(
        { lastRun },
        'the data may be an older copy: logs with an address are asked before they are cosigned',
      );
    }
  }

  /** @throws Error when the directory can't be read */
  static async read(directory: string, logger: Logger, now: number = Date.now()): Promise<LastRun> {
    const text = await readFile(join(directory, FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const at = Date.parse(text.trim());
    return new LastRun(directory, logger, Number.isNaN(at) ? undefined : at, now);
  }

  /** Whether the data may be an older copy of what this witness had. */
  get suspicious(): boolean {
    return this.#suspicious;
  }

  /**
   * Every log that can be asked has been looked at. Until then the file stays as it is: one more start must not make an older
   * copy of the data look like the newest.
   */
  settled(): void {
    if (!this.#suspicious) return;
    this.#suspicious = false;
    this.logger.info('every log with an address has been looked at: the data is taken for the newest');
    this.#write(Date.now());
  }

  /** Says from now on that it runs. `thawed` is called when the clock has jumped: then everything is suspicious again. */
  async begin(thawed: () => void): Promise<void> {
    if (!this.#suspicious) await writeLastRun(this.directory, Date.now());
    this.#timer = setInterval(() => {
      const now = Date.now();
      if (Math.abs(now - this.#lastBeat) > ORDINARY_PAUSE_MS) {
        this.#suspicious = true;
        this.logger.warn('the clock has jumped: the machine may have been put back to an earlier state');
        thawed();
      }
      this.#lastBeat = now;
      if (!this.#suspicious) this.#write(now);
    }, BEAT_MS).unref();
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writing;
    if (!this.#suspicious) await writeLastRun(this.directory, Date.now());
  }

  /** One after the other: they share a file. */
  #write(now: number): void {
    this.#writing = this.#writing
      .then(() => writeLastRun(this.directory, now))
      .catch((error: unknown) => this.logger.warn({ err: error }, 'could not write when it ran last'));
  }
}

/** The operator's word, or that of a key just made, that the data is the newest there is. */
export function writeLastRun(directory: string, now: number): Promise<void> {
  return replaceFile(join(directory, FILE), utf8Encode(`${new Date(now).toISOString()}\n`));
}
