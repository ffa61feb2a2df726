/** An event as the double keeps it. */
export interface Recorded {
  readonly stream: string;
  readonly revision: bigint;
  /** Made-up byte offset: increasing, not dense. */
  readonly position: bigint;
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
  /** Ticks of 100 ns since 1970. */
  readonly created: string;
}

export type Proposed = Pick<Recorded, 'id' | 'type' | 'contentType' | 'data' | 'metadata'>;

/** What an append builds on, with what our adapter must never send. */
export type WireExpected = bigint | 'no_stream' | 'any' | 'stream_exists';

export type WireOutcome =
  | { readonly kind: 'written'; readonly last: Recorded }
  | { readonly kind: 'conflict'; readonly actual: bigint | undefined }
  | { readonly kind: 'too-large' };

/**
 * The events of one or more doubles, by the rules that the sources of the server state: a retry is known by its ids at its
 * revisions, a retry of which only the beginning matches is a conflict, `$tb` hides the beginning of a stream.
 */
export class WireLog {
  readonly all: Recorded[] = [];
  readonly #streams = new Map<string, Recorded[]>();
  readonly #waiting = new Set<() => void>();
  #nextPosition = 1000n;

  constructor(readonly maxAppendSize: number = 1024 * 1024) {}

  append(stream: string, expected: WireExpected, events: readonly Proposed[]): WireOutcome {
    // The server counts characters of the type as two bytes each.
    const size = events.reduce(
      (sum, { type, data, metadata }) => sum + 2 * type.length + data.length + metadata.length,
      0,
    );
    if (size > this.maxAppendSize) return { kind: 'too-large' };
    const stored = this.#streams.get(stream) ?? [];
    const head = BigInt(stored.length) - 1n;
    const after = typeof expected === 'bigint' ? expected : expected === 'no_stream' ? -1n : head;
    if (after !== head) {
      const last = stored[Number(after) + events.length];
      const written = events.every(({ id }, at) => stored[Number(after) + 1 + at]?.id === id);
      if (written && last) return { kind: 'written', last };
      return { kind: 'conflict', actual: head < 0n ? undefined : head };
    }
    for (const event of events) {
      this.#nextPosition += BigInt(event.data.length + 100);
      const recorded: Recorded = {
        ...event,
        stream,
        revision: BigInt(stored.length),
        position: this.#nextPosition,
        created: `${BigInt(Date.now()) * 10_000n}`,
      };
      stored.push(recorded);
      this.all.push(recorded);
    }
    this.#streams.set(stream, stored);
    for (const wake of this.#waiting) wake();
    return { kind: 'written', last: stored.at(-1) as Recorded };
  }

  /** What is visible of a stream; undefined if there is no such stream. */
  visible(stream: string): { readonly events: readonly Recorded[]; readonly first: number } | undefined {
    const events = this.#streams.get(stream);
    return events && { events, first: Math.min(this.#truncatedBefore(stream), events.length) };
  }

  /** Resolves at the next append, or when `stop` aborts. */
  grown(stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        stop.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      stop.addEventListener('abort', wake);
    });
  }

  #truncatedBefore(stream: string): number {
    const metadata = this.#streams.get(`$$${stream}`)?.at(-1);
    if (metadata === undefined) return 0;
    return Number((JSON.parse(new TextDecoder().decode(metadata.data)) as { $tb?: number }).$tb ?? 0);
  }
}
