import { eventId } from './event-id.js';
import type { Expected, Revision } from './event-store.js';
import { EventStoreError } from './event-store-error.js';
import type { KurrentAppender } from './kurrent-appender.js';
import type { KurrentConnection } from './kurrent-connection.js';
import type { KurrentReader } from './kurrent-reader.js';

/** By these the server forgets events, now or when it is scavenged. */
const RETENTION = ['$maxAge', '$maxCount', '$tb'];
/** How often it may turn out that somebody else has just changed the metadata. */
const TRIES = 10;

/** What the server is told about a stream: the last event of the stream `$$` + its name. */
export class KurrentMetadata {
  /** The logs' streams that were looked at. */
  readonly #retained = new Map<string, Promise<void>>();

  constructor(
    private readonly connection: KurrentConnection,
    private readonly reader: KurrentReader,
    private readonly appender: KurrentAppender,
  ) {}

  /**
   * Refuses to work on a log's stream that would lose its beginning. It looks once for each stream: who may write the
   * metadata of a log can destroy the log, so nobody should.
   * @throws EventStoreError not-retained
   */
  async checkRetained(stream: string): Promise<void> {
    if (!stream.startsWith('log-')) return;
    const checked = this.#retained.get(stream) ?? this.#check(stream);
    this.#retained.set(stream, checked);
    try {
      await checked;
    } catch (error) {
      this.#retained.delete(stream);
      throw error;
    }
  }

  /** Hides the events before a revision that is there. */
  async truncate(stream: string, before: Revision, timeoutMs: number): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const { metadata, expected } = await this.#read(stream);
      if (Number(metadata['$tb'] ?? 0) >= Number(before)) return;
      const event = this.connection.library.jsonEvent({
        id: eventId('truncate/v1', stream, String(expected), String(before)),
        type: '$metadata',
        data: { ...metadata, $tb: Number(before) },
      });
      const answer = await this.appender.request(`$$${stream}`, expected, [event], timeoutMs);
      if (!('conflict' in answer)) return;
    }
    throw new EventStoreError('unavailable', `the metadata of ${stream} changed ${TRIES} times in a row`);
  }

  async #check(stream: string): Promise<void> {
    const { metadata } = await this.#read(stream);
    const found = RETENTION.filter((name) => metadata[name] !== undefined && metadata[name] !== null);
    if (found.length === 0) return;
    throw new EventStoreError(
      'not-retained',
      `${stream} has the metadata ${found.join(', ')}: a log's stream should have none by which it loses events`,
    );
  }

  async #read(stream: string): Promise<{ readonly metadata: Record<string, unknown>; readonly expected: Expected }> {
    const event = (await this.reader.lastResolved(`$$${stream}`))?.event;
    if (event === undefined) return { metadata: {}, expected: 'no_stream' };
    if (!event.isJson || typeof event.data !== 'object' || event.data === null) {
      throw new EventStoreError('wrong-format', `the metadata of ${stream} should be a JSON object`);
    }
    return { metadata: event.data as Record<string, unknown>, expected: event.revision };
  }
}
