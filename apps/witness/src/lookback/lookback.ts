import { fetchCheckpoint } from '#libs/client';
import { CodedError, utf8Decode } from '#libs/crypto';
import { formatNote, parseNote, type Note, type NoteVerifier } from '#libs/note';
import { originHash, parseCheckpoint } from '#libs/tlog';
import type { Logger } from 'pino';
import type { Heads } from '../cosigning/heads.js';
import type { KnownLog } from '../logs/known-logs.js';
import type { LastRun } from './last-run.js';
import type { OutdatedRecords } from './outdated.js';
import { ownCosignatures, whatWasForgotten } from './own-cosignature.js';

/** Whoever waits for a cosignature waits for this, once after a start. */
const TIMEOUT_MS = 3_000;
/** A log that could not be asked is not asked again for so long. */
const AGAIN_AFTER_MS = 10_000;
const AT_ONCE = 16;
/** Logs that may wait to be asked; each has somebody who waits for its cosignature. */
const WAITING_MAX = 512;

/** - `good`: cosign · `outdated`: never · `unknown`: not now */
export type RecordState = 'good' | 'outdated' | 'unknown';

type Looked = 'seen' | 'silent';

/**
 * Looks whether the record of a log is the newest one, before the first cosignature after a start: the log's own published
 * checkpoint has the cosignatures of this witness. A record that knows less than they say came out of a backup.
 */
export class Lookback {
  readonly #seen = new Set<string>();
  /** Those with an address that have not been seen since the last `begin`. */
  #unseen = new Set<string>();
  readonly #looking = new Map<string, Promise<Looked>>();
  /** Those that could not be asked, and when. */
  readonly #silent = new Map<string, number>();
  readonly #queue: (() => void)[] = [];
  #running = 0;
  readonly #abort = new AbortController();

  constructor(
    private readonly parts: {
      readonly heads: Heads;
      readonly verifiers: readonly NoteVerifier[];
      readonly outdated: OutdatedRecords;
      readonly lastRun: LastRun;
      readonly logger: Logger;
    },
  ) {}

  /** Asks these logs in the background, a few at once. */
  begin(logs: Iterable<KnownLog>): void {
    const asked = [...logs].flatMap((log) => (log.url === undefined ? [] : [{ log, url: log.url }]));
    this.#unseen = new Set(asked.map(({ log }) => log.origin));
    this.#settle();
    const iterator = asked[Symbol.iterator]();
    const sweep = async (next: Iterator<(typeof asked)[number]>): Promise<void> => {
      for (let one = next.next(); !one.done && !this.#abort.signal.aborted; one = next.next()) {
        await this.#look(one.value.log, one.value.url);
      }
    };
    for (let i = 0; i < AT_ONCE / 2; i++) void sweep(iterator);
  }

  end(): void {
    this.#abort.abort();
  }

  /** Forgets what was seen: every log is asked again before it is cosigned. */
  startOver(): void {
    this.#seen.clear();
    this.#silent.clear();
  }

  isOutdated({ origin }: KnownLog): boolean {
    return this.parts.outdated.find(origin) !== undefined;
  }

  /** What a note that came in says about the record, for free. */
  async observe(note: Note): Promise<void> {
    await this.#compare(note);
  }

  /**
   * Whether a log may be cosigned. One without an address, which is to say every log of a list, can't be asked: then the
   * record counts. One that doesn't answer is cosigned after an ordinary restart, and not when the data may be an old copy.
   */
  async stateOf(log: KnownLog): Promise<RecordState> {
    const { outdated, lastRun } = this.parts;
    if (outdated.find(log.origin)) return 'outdated';
    if (log.url === undefined || this.#seen.has(log.origin)) return 'good';
    const silentSince = this.#silent.get(log.origin);
    const waits = silentSince === undefined || (lastRun.suspicious && Date.now() - silentSince > AGAIN_AFTER_MS);
    if (waits && this.#queue.length >= WAITING_MAX) return 'unknown';
    const looking = this.#look(log, log.url);
    const looked = waits ? await looking : 'silent';
    if (outdated.find(log.origin)) return 'outdated';
    return looked === 'seen' || !lastRun.suspicious ? 'good' : 'unknown';
  }

  #settle(): void {
    if (this.#unseen.size === 0) this.parts.lastRun.settled();
  }

  #look(log: KnownLog, url: string): Promise<Looked> {
    if (this.#seen.has(log.origin)) return Promise.resolve('seen');
    const silentSince = this.#silent.get(log.origin);
    if (silentSince !== undefined && Date.now() - silentSince < AGAIN_AFTER_MS) return Promise.resolve('silent');
    let looking = this.#looking.get(log.origin);
    if (!looking) {
      looking = this.#ask(log.origin, url).finally(() => this.#looking.delete(log.origin));
      this.#looking.set(log.origin, looking);
    }
    return looking;
  }

  async #ask(origin: string, url: string): Promise<Looked> {
    const { logger } = this.parts;
    await this.#turn();
    try {
      const published = await fetchPublished(url, this.#abort.signal);
      if (published) {
        const note = parseNote(published);
        // Whatever it is, it isn't this log: then it says nothing.
        if (parseCheckpoint(note.text).origin !== origin) throw new WrongLogError('malformed-answer', 'another origin');
        await this.#compare(note);
      }
      this.#seen.add(origin);
      this.#silent.delete(origin);
      this.#unseen.delete(origin);
      this.#settle();
      return 'seen';
    } catch (error) {
      if (this.#abort.signal.aborted) return 'silent';
      this.#silent.set(origin, Date.now());
      const why = error instanceof CodedError ? { code: error.code } : { err: error };
      logger.info({ origin, ...why }, 'could not look at the published checkpoint of a log');
      return 'silent';
    } finally {
      this.#running--;
      this.#queue.shift()?.();
    }
  }

  async #compare(note: Note): Promise<void> {
    const { heads, verifiers, outdated } = this.parts;
    const [own, ...more] = ownCosignatures(note, verifiers);
    if (!own) return;
    const { origin } = own.checkpoint;
    // Loaded after the cosignature was seen: what was shown to anybody had been stored before.
    const { cosigned } = await heads.load(originHash(origin));
    for (const cosignature of [own, ...more]) {
      const why = whatWasForgotten(cosigned, cosignature);
      if (why !== undefined) outdated.add({ origin, why, note: utf8Decode(formatNote(note)) });
    }
  }

  async #turn(): Promise<void> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running++;
  }
}

class WrongLogError extends CodedError<'malformed-answer'> {}

/** Undefined for a log that has not published anything yet. @throws ServiceError, the signal's reason */
async function fetchPublished(url: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await fetchCheckpoint(url, { signal, timeoutMs: TIMEOUT_MS, tries: 1 });
  } catch (error) {
    if (error instanceof CodedError && (error as { status?: number }).status === 404) return undefined;
    throw error;
  }
}
