import { toHex } from '#crypto';
import { type EventStore, EventStoreError, type Expected, type NewEvent } from '#libs/event-store';
import { IssuanceError } from '../issuance-error.js';
import { type CertificateIssued, certificateIssuedEvent } from './certificate-issued.js';

/** One append, one fsync, for all who wait. */
const MAX_BATCH = 64;
/** More than this waiting means that the store hangs. */
const MAX_WAITING = 4096;
const MAX_TRIES = 5;

interface Waiting {
  readonly event: NewEvent;
  readonly recorded: () => void;
  readonly failed: (error: unknown) => void;
}

/** The stream of one CA key, `ca-<SHA-256 of its SubjectPublicKeyInfo>`: every certificate that key has issued. */
export class IssuanceJournal {
  readonly #waiting: Waiting[] = [];
  #draining = false;

  private constructor(
    private readonly store: EventStore,
    readonly stream: string,
    /** The revision that the next append builds on. */
    private head: Expected,
  ) {}

  static async open(store: EventStore, issuerKeyHash: Uint8Array): Promise<IssuanceJournal> {
    const stream = `ca-${toHex(issuerKeyHash)}`;
    return new IssuanceJournal(store, stream, await store.head(stream));
  }

  /** Returns when the event is durable. @throws IssuanceError store-unavailable */
  async record(issued: CertificateIssued): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new IssuanceError('store-unavailable', `${MAX_WAITING} certificates wait to be recorded`);
    }
    await new Promise<void>((recorded, failed) => {
      this.#waiting.push({ event: certificateIssuedEvent(this.stream, issued), recorded, failed });
      if (!this.#draining) void this.#drain();
    });
  }

  /** Why nothing can be recorded; undefined when it can, as far as reading shows. */
  async problem(): Promise<string | undefined> {
    try {
      await this.store.head(this.stream);
      return undefined;
    } catch (error) {
      return error instanceof EventStoreError ? error.code : 'unknown';
    }
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        await this.#append(batch.map(({ event }) => event));
        for (const { recorded } of batch) recorded();
      } catch (error) {
        for (const { failed } of batch) failed(error);
      }
    }
    this.#draining = false;
  }

  async #append(events: readonly NewEvent[]): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        this.head = (await this.store.append(this.stream, this.head, events)).last;
        return;
      } catch (cause) {
        const next = cause instanceof EventStoreError ? this.#next(cause) : undefined;
        if (next === undefined || tried === MAX_TRIES) {
          throw new IssuanceError('store-unavailable', 'the certificate could not be recorded', { cause });
        }
        this.head = next;
      }
    }
  }

  /** The revision to append at after this failure; undefined when trying again is no use. */
  #next(error: EventStoreError): Expected | undefined {
    switch (error.code) {
      case 'outcome-unknown': // the same events at the same revision: a retry, or the first time
        return this.head;
      case 'wrong-expected-revision': // another process issues with this key; no event depends on those before it
        return error.actual;
      default:
        return undefined;
    }
  }
}
