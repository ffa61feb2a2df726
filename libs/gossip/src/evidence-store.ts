import { join } from 'node:path';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { EventStoreError, eventId, type EventStore, type Expected } from '#libs/event-store';
import { accusedId, evidenceFileName, verifyEvidence, type ProvenEvidence } from '#libs/evidence';
import type { VerifierKey } from '#libs/note';
import { nodeFileSystem, replaceFile } from '#libs/tile-store';

const STREAM = 'evidence';
/** The evidence file. */
const EVIDENCE_STORED = 'EvidenceStored/v1';
/** The ID of an accused key, in hex: the operator's act. */
const KEY_UNFROZEN = 'KeyUnfrozen/v1';
const FILE_MODE = 0o644;
const APPEND_ATTEMPTS = 3;

/** Evidence against one key. One is enough: the first that came stays. */
export interface StoredEvidence {
  /** Of the accused key: `accusedId`. */
  readonly id: string;
  readonly proven: ProvenEvidence;
  readonly bytes: Uint8Array;
  readonly storedAt: Date;
  /** False once the operator has said so. */
  readonly frozen: boolean;
}

export interface EvidenceStoreOptions {
  readonly store: EventStore;
  /** Where each evidence is also a file. */
  readonly directory: string;
  readonly now: () => number;
}

/**
 * Evidence against configured keys, for ever. A key that it accuses is frozen from the moment that the evidence is known,
 * through every restart, until the operator unfreezes it; it is then not frozen again.
 */
export class EvidenceStore {
  readonly #evidence = new Map<string, StoredEvidence>();
  /** What could not be made durable, by ID: whether the event is missing, or only the file. */
  readonly #failed = new Map<string, 'event' | 'file'>();
  #head: Expected = 'no_stream';
  #appends: Promise<unknown> = Promise.resolve();

  private constructor(private readonly options: EvidenceStoreOptions) {}

  /** Reads what is stored, and writes the files that are missing. @throws EventStoreError; EvidenceError for an event that has changed */
  static async open(options: EvidenceStoreOptions): Promise<EvidenceStore> {
    const opened = new EvidenceStore(options);
    for await (const event of options.store.readStream(STREAM)) {
      opened.#apply(event.type, event.data, event.recordedAt);
      opened.#head = event.revision;
    }
    await nodeFileSystem.makeDirectory(options.directory);
    // The event is there: a disk that is full or read-only is no reason not to start.
    await Promise.all(opened.list().map((stored) => opened.#keep(stored, 'file').catch(() => undefined)));
    return opened;
  }

  list(): StoredEvidence[] {
    return [...this.#evidence.values()];
  }

  get(id: string): StoredEvidence | undefined {
    return this.#evidence.get(id);
  }

  against(key: VerifierKey): StoredEvidence | undefined {
    // Asked before each cosignature, and nearly always there is none.
    return this.#evidence.size === 0 ? undefined : this.#evidence.get(accusedId(key));
  }

  /** The evidence that freezes the key; undefined when nothing does. */
  freezing(key: VerifierKey): StoredEvidence | undefined {
    const stored = this.against(key);
    return stored?.frozen === true ? stored : undefined;
  }

  /** The evidence that freezes a log: against any key that has signed for it. A log that lied is not another one under its next key. */
  freezingLog(origin: string): StoredEvidence | undefined {
    for (const stored of this.#evidence.values()) {
      if (stored.frozen && stored.proven.role === 'log' && stored.proven.origin === origin) return stored;
    }
    return undefined;
  }

  /** The file of an evidence. Its name ends in `.evidence`. */
  pathOf(id: string): string {
    return join(this.options.directory, evidenceFileName(id));
  }

  /**
   * Freezes the accused key at once, says by `onStored` when the evidence is durable, and resolves when its file is there,
   * too: true if it is the first against the key.
   * @throws EventStoreError, the file system's error; the key stays frozen, and `retry` tries again
   */
  async add(proven: ProvenEvidence, onStored?: (stored: StoredEvidence) => void): Promise<boolean> {
    const id = accusedId(proven.accused);
    if (this.#evidence.has(id)) return false;
    const { bytes } = proven;
    const stored: StoredEvidence = { id, proven, bytes, storedAt: new Date(this.options.now()), frozen: true };
    this.#evidence.set(id, stored);
    await this.#keep(stored, 'event', onStored);
    return true;
  }

  /** Whether the evidence is in the store, so that a new start knows of it. */
  isStored(id: string): boolean {
    return this.#evidence.has(id) && this.#failed.get(id) !== 'event';
  }

  /** Tries once more to keep what could not be kept; gives the evidence that is durable by that. */
  async retry(): Promise<StoredEvidence[]> {
    const kept: StoredEvidence[] = [];
    const failed = new Map(this.#failed);
    this.#failed.clear();
    for (const [id, missing] of failed) {
      const stored = this.#evidence.get(id);
      if (stored === undefined) continue;
      await this.#keep(stored, missing).then(
        () => missing === 'event' && kept.push(stored),
        () => undefined,
      );
    }
    return kept;
  }

  /** The operator's act; false when there is nothing against the key. @throws EventStoreError */
  async unfreeze(id: string): Promise<boolean> {
    const stored = this.#evidence.get(id);
    if (stored === undefined) return false;
    await this.#append(KEY_UNFROZEN, utf8Encode(id));
    this.#evidence.set(id, { ...stored, frozen: false });
    return true;
  }

  #apply(type: string, data: Uint8Array, storedAt: Date): void {
    if (type === EVIDENCE_STORED) {
      const proven = verifyEvidence(data);
      const id = accusedId(proven.accused);
      this.#evidence.set(id, { id, proven, bytes: data, storedAt, frozen: true });
    } else if (type === KEY_UNFROZEN) {
      const id = utf8Decode(data);
      const stored = this.#evidence.get(id);
      if (stored) this.#evidence.set(id, { ...stored, frozen: false });
    } else {
      throw new Error(`the stream ${STREAM} has an event of type ${type}, which this version does not know`);
    }
  }

  async #keep(
    stored: StoredEvidence,
    missing: 'event' | 'file',
    onStored?: (stored: StoredEvidence) => void,
  ): Promise<void> {
    let left = missing;
    try {
      if (left === 'event') {
        await this.#append(EVIDENCE_STORED, stored.bytes);
        left = 'file';
        onStored?.(stored);
      }
      await this.#writeFile(stored);
    } catch (error) {
      this.#failed.set(stored.id, left);
      throw error;
    }
  }

  /** One after the other: this process is the only writer. */
  #append(type: string, data: Uint8Array): Promise<void> {
    const appended = this.#appends.then(() => this.#appendNow(type, data));
    this.#appends = appended.catch(() => undefined);
    return appended;
  }

  async #appendNow(type: string, data: Uint8Array): Promise<void> {
    const expected = this.#head;
    const event = { id: eventId('evidence/v1', type, String(expected), data), type, data };
    for (let attempt = 1; ; attempt++) {
      try {
        this.#head = (await this.options.store.append(STREAM, expected, [event])).last;
        return;
      } catch (error) {
        const unknown = error instanceof EventStoreError && error.code === 'outcome-unknown';
        if (!unknown || attempt === APPEND_ATTEMPTS) throw error;
      }
    }
  }

  /** The event is the truth; the file is for whoever wants to hand it on. */
  #writeFile({ id, bytes }: StoredEvidence): Promise<void> {
    return replaceFile(this.pathOf(id), bytes, { mode: FILE_MODE });
  }
}
