import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import type { EventStore, Expected } from '#libs/event-store';
import type { Logger } from 'pino';
import { ALARM_KINDS, type Alarm, type AlarmKind } from './alarm.js';

const STREAM = 'alarms';
/** All of them, as JSON, in each event, so that only the last one counts. */
const ALARMS_HELD = 'AlarmsHeld/v1';

const kinds = Object.keys(ALARM_KINDS) as [AlarmKind, ...AlarmKind[]];
const stored = z.array(
  z.object({
    id: z.string(),
    kind: z.enum(kinds),
    origin: z.string(),
    subject: z.string(),
    sinceMs: z.number(),
    lastMs: z.number(),
    message: z.string(),
    evidence: z.string().exactOptional(),
    clearedMs: z.number().exactOptional(),
    told: z.enum(['nothing', 'raised', 'cleared']),
  }),
);

/** The alarms through restarts: what lasts, and what has not been delivered yet. */
export class AlarmStore {
  #head: Expected = 'no_stream';
  #pending: readonly Alarm[] | undefined;
  #writing: Promise<void> | undefined;
  #problem: string | undefined;

  constructor(
    private readonly store: EventStore,
    private readonly logger: Logger,
  ) {}

  /** @throws EventStoreError, Error for an event that has changed */
  async load(): Promise<readonly Alarm[]> {
    const last = await this.store.last(STREAM);
    if (last === undefined) return [];
    if (last.type !== ALARMS_HELD) throw new Error(`the stream ${STREAM} has an event of type ${last.type}`);
    this.#head = last.revision;
    return stored.parse(JSON.parse(utf8Decode(last.data)));
  }

  /** Writes them soon; of several changes at once the last one. */
  save(alarms: readonly Alarm[]): void {
    this.#pending = alarms;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  /** Why alarms would not outlive the process; undefined when they would. */
  problem(): string | undefined {
    return this.#problem;
  }

  /** Resolves when what was saved is durable, or could not be written. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#pending !== undefined) {
      const data = utf8Encode(JSON.stringify(this.#pending));
      this.#pending = undefined;
      try {
        const event = { id: randomUUID(), type: ALARMS_HELD, data };
        const { last } = await this.store.append(STREAM, this.#head, [event]);
        this.#head = last;
        this.#problem = undefined;
        if (last > 0n) await this.store.truncateBefore(STREAM, last);
      } catch (error) {
        this.#problem = `alarms can't be stored: ${(error as Error).message}`;
        this.logger.error({ err: error }, "alarms can't be stored");
        // The next change writes all of them again, from where the stream is by then.
        this.#head = await this.store.head(STREAM).catch(() => this.#head);
      }
    }
  }
}
