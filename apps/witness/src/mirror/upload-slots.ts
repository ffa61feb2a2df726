export interface UploadLimits {
  readonly uploads: number;
  readonly ofClient: number;
  readonly ofLog: number;
  readonly minBytesPerSecond: number;
  readonly graceMs: number;
}

export const UPLOAD_LIMITS: UploadLimits = {
  /** Read at one moment: each may have a package of 16 MiB in memory. */
  uploads: 16,
  /** No one client has a log to itself, nor has any two. */
  ofClient: 4,
  ofLog: 8,
  /** What keeps a place that others want: bytes of the connection, while it is the client that is waited for. */
  minBytesPerSecond: 64 * 1024,
  graceMs: 1_000,
};

/** Others wanted the place of an upload that is slower than it may be. */
export class GaveWay extends Error {
  constructor() {
    super('the upload is too slow while others wait');
  }
}

/**
 * Who may upload at this moment. An upload may be as slow as it likes while nobody needs its place, within the time that any
 * request has; then the slowest of those that are too slow gives way.
 */
export class UploadSlots {
  readonly #uploads = new Set<Upload>();

  constructor(
    private readonly limits: UploadLimits = UPLOAD_LIMITS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * A place, to be released in the end; undefined when there is none.
   * @param client undefined when it is not known
   * @param received how many bytes its connection has brought
   */
  take(client: string | undefined, received: () => number): Upload | undefined {
    const { uploads, ofClient } = this.limits;
    if (client !== undefined && !this.#makeRoom(ofClient, (other) => other.client === client)) return undefined;
    if (!this.#makeRoom(uploads, () => true)) return undefined;
    const upload = new Upload(client, received, this.limits, this.now);
    this.#uploads.add(upload);
    return upload;
  }

  /** Once it is known which log an upload is for; false when there is no place for one more. */
  claim(upload: Upload, origin: string): boolean {
    if (!this.#makeRoom(this.limits.ofLog, (other) => other.origin === origin)) return false;
    upload.origin = origin;
    return true;
  }

  release(upload: Upload): void {
    this.#uploads.delete(upload);
  }

  #makeRoom(limit: number, counts: (upload: Upload) => boolean): boolean {
    const counted = [...this.#uploads].filter(counts);
    if (counted.length < limit) return true;
    const [slowest] = counted.toSorted((a, b) => b.behindMs() - a.behindMs());
    if (slowest === undefined || slowest.behindMs() <= 0) return false;
    slowest.giveWay();
    this.#uploads.delete(slowest);
    return true;
  }
}

/** One upload, for as long as it has a place. */
export class Upload {
  origin: string | undefined;
  readonly #begun: number;
  #waitedMs = 0;
  #waitingSince: number | undefined;
  #gaveWay: GaveWay | undefined;
  #wake: (() => void) | undefined;

  constructor(
    readonly client: string | undefined,
    private readonly received: () => number,
    private readonly limits: UploadLimits,
    private readonly now: () => number,
  ) {
    this.#begun = received();
  }

  /** How much longer its client has been waited for than what it has brought is worth. Time that the disk takes is not its own. */
  behindMs(): number {
    const waiting = this.#waitingSince === undefined ? 0 : this.now() - this.#waitingSince;
    const worth = ((this.received() - this.#begun) * 1000) / this.limits.minBytesPerSecond;
    return this.#waitedMs + waiting - worth - this.limits.graceMs;
  }

  giveWay(): void {
    this.#gaveWay = new GaveWay();
    this.#wake?.();
  }

  /** What `source` brings, until the upload has to give way. @throws GaveWay, and whatever the source throws */
  async *chunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const iterator = source[Symbol.asyncIterator]();
    const woken = new Promise<undefined>((resolve) => (this.#wake = () => resolve(undefined)));
    while (this.#gaveWay === undefined) {
      this.#waitingSince = this.now();
      const next = await Promise.race([iterator.next(), woken]);
      this.#waitedMs += this.now() - this.#waitingSince;
      this.#waitingSince = undefined;
      if (next === undefined) break;
      if (next.done) return;
      yield next.value;
    }
    // Not awaited: it ends after the chunk that does not come.
    void iterator.return?.().catch(() => undefined);
    throw this.#gaveWay;
  }
}
