import { utf8Decode, utf8Encode } from '#libs/crypto';
import { eventId, type EventStore, type Expected } from '#libs/event-store';
import type { Logger } from 'pino';

/** One stream for all logs: it is read whole, at start, and is empty for a witness whose data was never put back. */
const STREAM = 'witness-outdated';
/** `origin \n why \n note`: a log of which more was cosigned than the record has. */
const RECORD_OUTDATED = 'RecordOutdated/v1';
/** `origin`: the operator has decided that the record of this log is good again. */
const RECORD_ACCEPTED = 'RecordAccepted/v1';

export interface OutdatedRecord {
  readonly origin: string;
  readonly why: string;
  /** The note with the cosignature that the record does not have. */
  readonly note: string;
}

/** The logs of which more was cosigned than the record has: nothing of them is cosigned until the operator acts. */
export class OutdatedRecords {
  readonly #records = new Map<string, OutdatedRecord>();
  #head: Expected = 'no_stream';
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly store: EventStore,
    private readonly logger: Logger,
  ) {}

  /** @throws EventStoreError, Error for an event of a later version */
  static async open(store: EventStore, logger: Logger): Promise<OutdatedRecords> {
    const outdated = new OutdatedRecords(store, logger);
    for await (const { type, data, revision } of store.readStream(STREAM)) {
      outdated.#head = revision;
      const text = utf8Decode(data);
      if (type === RECORD_OUTDATED) outdated.#set(parse(text));
      else if (type === RECORD_ACCEPTED) outdated.#records.delete(text);
      else throw new Error(`an event of type ${type} in ${STREAM}, should be ${RECORD_OUTDATED} or ${RECORD_ACCEPTED}`);
    }
    return outdated;
  }

  find(origin: string): OutdatedRecord | undefined {
    return this.#records.get(origin);
  }

  all(): OutdatedRecord[] {
    return [...this.#records.values()];
  }

  /** In force at once; kept for the next start as soon as the store takes it. */
  add(record: OutdatedRecord): void {
    if (this.#records.has(record.origin)) return;
    this.#set(record);
    this.logger.error(
      { ...record },
      'the record of a log is older than what was cosigned: it is not cosigned any more until somebody has looked',
    );
    this.#append(RECORD_OUTDATED, `${record.origin}\n${record.why}\n${record.note}`).catch((error: unknown) => {
      this.logger.error({ err: error, origin: record.origin }, 'could not keep that a record is outdated');
    });
  }

  /** The operator's act. False when there was nothing to accept. @throws EventStoreError */
  async accept(origin: string): Promise<boolean> {
    if (!this.#records.has(origin)) return false;
    await this.#append(RECORD_ACCEPTED, origin);
    this.#records.delete(origin);
    return true;
  }

  #set(record: OutdatedRecord): void {
    this.#records.set(record.origin, record);
  }

  /** One after the other: each builds on the one before. */
  #append(type: string, text: string): Promise<void> {
    const append = async (): Promise<void> => {
      const at = this.#head === 'no_stream' ? 0n : this.#head + 1n;
      const event = { id: eventId(STREAM, String(at), type, text), type, data: utf8Encode(text) };
      this.#head = (await this.store.append(STREAM, this.#head, [event])).last;
    };
    const done = this.#writing.then(append);
    this.#writing = done.catch(() => undefined);
    return done;
  }
}

function parse(text: string): OutdatedRecord {
  const [origin = '', why = ''] = text.split('\n', 2);
  return { origin, why, note: text.slice(origin.length + why.length + 2) };
}
