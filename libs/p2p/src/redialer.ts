import type { P2pTuning } from './tuning.js';

export interface RedialerOptions {
  /** @returns when the peer is connected. */
  readonly dial: () => Promise<void>;
  readonly isConnected: () => boolean;
  readonly tuning: Pick<P2pTuning, 'redialMinMs' | 'redialMaxMs'>;
}

/** Keeps one peer connected for ever: libp2p itself gives up after five tries. */
export class Redialer {
  #delayMs: number;
  #timer: NodeJS.Timeout | undefined;
  #dialling: Promise<void> | undefined;
  #connectedAt: number | undefined;
  #closed = false;

  constructor(private readonly options: RedialerOptions) {
    this.#delayMs = options.tuning.redialMinMs;
  }

  /** Dials now. Rejects if it fails; the next try is planned then. */
  dial(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dialling ??= this.options
      .dial()
      .then(() => {
        this.#connectedAt = performance.now();
      })
      .finally(() => {
        this.#dialling = undefined;
        this.check();
      });
    return this.#dialling;
  }

  /** Plans the next try if one is needed: call it whenever the connection may have gone. */
  check(): void {
    if (this.#closed || this.#dialling !== undefined) return;
    if (this.options.isConnected()) {
      this.#connectedAt ??= performance.now();
      return;
    }
    if (this.#timer !== undefined) return;
    // A connection that lasted earns a quick retry; one that is closed at once is as good as a failed one.
    if (this.#connectedAt !== undefined && performance.now() - this.#connectedAt > this.#delayMs) {
      this.#delayMs = this.options.tuning.redialMinMs;
    }
    this.#connectedAt = undefined;
    const delayMs = this.#delayMs * (0.75 + Math.random() / 2);
    this.#delayMs = Math.min(this.#delayMs * 2, this.options.tuning.redialMaxMs);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.options.isConnected()) this.dial().catch(() => undefined);
    }, delayMs);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
