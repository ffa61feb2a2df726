import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchLogFile } from '#libs/client';
import { CodedError, utf8Decode, utf8Encode } from '#libs/crypto';
import { replaceFile } from '#libs/tile-store';
import type { Logger } from 'pino';
import type { WitnessMetrics } from '../metrics.js';
import type { KeyChange, KnownLogs } from './known-logs.js';
import { LIST_MAX_BYTES, LogListError, formatLogList, parseLogList, type ListedLog } from './log-list.js';

const PULL_EVERY_MS = 15 * 60_000;
/** Not all witnesses at the same second. */
const JITTER = 0.2;
const TIMEOUT_MS = 60_000;
/** Shown on the status page and in the log; the number says how many there are. */
const SHOWN = 20;

/** How a list is doing, as the status page shows it. */
export interface ListStatus {
  readonly source: string;
  readonly logs: number;
  /** When it was read last, and taken. */
  readonly takenAt: Date | undefined;
  /** What was wrong the last time. The witness goes on with what it has. */
  readonly problem: string | undefined;
  readonly keyChanges: readonly KeyChange[];
  readonly unusable: readonly string[];
}

/**
 * Follows one list of logs, in a file or at an URL. Logs only ever get more, over restarts too: of a list that comes from an
 * URL, everything that was ever taken is kept in the data directory, and is what a start begins with.
 */
export class ListFollower {
  #status: ListStatus;
  /** SHA-256 of the text that was taken last. */
  #digest = '';
  #timer: NodeJS.Timeout | undefined;
  readonly #abort = new AbortController();

  constructor(
    private readonly source: string,
    private readonly copies: string,
    private readonly parts: {
      readonly logs: KnownLogs;
      readonly metrics: WitnessMetrics;
      readonly logger: Logger;
    },
  ) {
    this.#status = { source, logs: 0, takenAt: undefined, problem: undefined, keyChanges: [], unusable: [] };
  }

  status(): ListStatus {
    return this.#status;
  }

  /** Takes what is on the disk, so that a start waits for nobody; then follows. */
  async begin(): Promise<void> {
    if (this.#isUrl) {
      await this.#takeCopy();
      void this.#pullAndGoOn();
    } else {
      await this.#pullAndGoOn();
    }
  }

  end(): void {
    this.#abort.abort();
    clearTimeout(this.#timer);
  }

  /** Reads the list once. Never throws: a list that can't be had changes nothing. */
  async pull(): Promise<void> {
    const { metrics, logger } = this.parts;
    try {
      const text = this.#isUrl ? await fetchList(this.source, this.#abort.signal) : await readList(this.source);
      const digest = createHash('sha256').update(text).digest('hex');
      if (digest === this.#digest) {
        metrics.pulled('unchanged');
        this.#status = { ...this.#status, takenAt: new Date(), problem: undefined };
        return;
      }
      const listed = parseLogList(text);
      const added = this.#take(listed);
      this.#digest = digest;
      metrics.pulled('taken');
      if (this.#isUrl && added > 0) await this.#writeCopy(listed);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const problem = (error as Error).message;
      metrics.pulled('failed');
      logger.warn({ source: this.source, problem }, 'a log list could not be taken');
      this.#status = { ...this.#status, problem };
    }
  }

  #take(listed: readonly ListedLog[]): number {
    const { logs, metrics, logger } = this.parts;
    const { added, keyChanges, unusable } = logs.take(listed);
    const { source } = this;
    if (keyChanges.length > 0) {
      metrics.pulled('key-change');
      const shown = keyChanges.slice(0, SHOWN);
      logger.error({ source, count: keyChanges.length, logs: shown }, 'a list names another key for a known log');
    }
    if (unusable.length > 0) {
      logger.warn({ source, count: unusable.length, logs: unusable.slice(0, SHOWN) }, 'logs whose key can not be used');
    }
    logger.info({ source, listed: listed.length, added }, 'took a log list');
    this.#status = { source, logs: listed.length, takenAt: new Date(), problem: undefined, keyChanges, unusable };
    return added;
  }

  async #pullAndGoOn(): Promise<void> {
    await this.pull();
    if (this.#abort.signal.aborted) return;
    const pause = PULL_EVERY_MS * (1 - JITTER / 2 + Math.random() * JITTER);
    this.#timer = setTimeout(() => void this.#pullAndGoOn(), pause).unref();
  }

  get #isUrl(): boolean {
    return /^https?:/.test(this.source);
  }

  get #copyPath(): string {
    return join(this.copies, createHash('sha256').update(this.source).digest('hex').slice(0, 16));
  }

  async #takeCopy(): Promise<void> {
    const copy = await this.#readCopy();
    if (copy.length > 0) this.#take(copy);
  }

  async #readCopy(): Promise<ListedLog[]> {
    try {
      return parseLogList(await readList(this.#copyPath));
    } catch (error) {
      const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
      if (code !== 'ENOENT') {
        this.parts.logger.error({ source: this.source, err: error }, 'the copy of a log list can not be used');
      }
      return []; // the first start, or there is nothing to lose
    }
  }

  /** With everything that is in the copy already, as it is there. Read again for that: it is wanted once in a while. */
  async #writeCopy(listed: readonly ListedLog[]): Promise<void> {
    const taken = new Map<string, ListedLog>();
    for (const log of [...(await this.#readCopy()), ...listed]) {
      if (!taken.has(log.origin)) taken.set(log.origin, log);
    }
    await mkdir(this.copies, { recursive: true, mode: 0o700 });
    await replaceFile(this.#copyPath, utf8Encode(formatLogList(taken.values())));
  }
}

/** @throws ServiceError, LogListError */
async function fetchList(source: string, signal: AbortSignal): Promise<string> {
  const slash = source.lastIndexOf('/');
  const options = { signal, timeoutMs: TIMEOUT_MS, tries: 1 };
  const body = await fetchLogFile(source.slice(0, slash), source.slice(slash + 1), LIST_MAX_BYTES, options);
  if (body === 'missing') throw new LogListError('malformed-list', `there is no list at ${source}`);
  if (body === 'too-large') {
    throw new LogListError('malformed-list', `the list at ${source} has more than ${LIST_MAX_BYTES} bytes`);
  }
  return decode(body);
}

/** @throws LogListError */
async function readList(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size <= LIST_MAX_BYTES) return decode(await readFile(path));
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new LogListError('malformed-list', `cannot read the list ${path}: ${(cause as Error).message}`, { cause });
  }
  throw new LogListError('malformed-list', `the list ${path} has more than ${LIST_MAX_BYTES} bytes`);
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8Decode(bytes);
  } catch (cause) {
    throw new LogListError('malformed-list', 'the list is not UTF-8', { cause });
  }
}
