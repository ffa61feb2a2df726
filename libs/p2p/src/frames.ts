import type { Stream } from '@libp2p/interface';
import { P2pError } from './p2p-error.js';

const LENGTH_BYTES = 4;
/** What may wait to be read beyond the frame that is being read. */
const SLACK_BYTES = 64 * 1024;

export interface FrameLimits {
  readonly maxBytes: number;
  /** For one frame, from the call to its last byte. */
  readonly timeoutMs: number;
  /** Ends everything on the stream. */
  readonly signal?: AbortSignal;
}

/**
 * Frames on a stream: `uint32 length || body`. Holds at most one frame and a little more, whatever the other side sends;
 * no read or write outlives its time.
 */
export class FrameStream {
  #buffer = new Uint8Array(4096);
  #start = 0;
  #end = 0;
  #paused = false;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(
    private readonly stream: Stream,
    private readonly limits: FrameLimits,
  ) {
    stream.addEventListener('message', ({ data }) => {
      this.#append(data.subarray());
      this.#pauseIfFull();
      this.#wake?.();
    });
    stream.addEventListener('end', () => this.#finish());
    stream.addEventListener('close', ({ error }) => this.#finish(error));
    // Nothing says so any more if it ended before we looked.
    if (stream.readableEnded || stream.status === 'aborted' || stream.status === 'reset') this.#finish();
    limits.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (limits.signal?.aborted === true) this.#onAbort();
  }

  /** The next frame; `undefined` when the other side has ended. @throws P2pError too-large, timeout, failed, protocol-violation */
  async read(): Promise<Uint8Array | undefined> {
    const deadline = performance.now() + this.limits.timeoutMs;
    for (;;) {
      const frame = this.#take();
      if (frame !== undefined) return frame;
      if (this.#resume()) continue;
      this.#throwIfBroken();
      if (this.#ended) {
        if (this.#end === this.#start) return undefined;
        throw new P2pError('protocol-violation', 'the stream ended within a frame');
      }
      await this.#event(deadline, 'the other side did not send a whole frame');
    }
  }

  /** Ends when the bytes are on their way: a peer that doesn't read holds up one frame, not more. @throws P2pError too-large, timeout, failed */
  async write(body: Uint8Array): Promise<void> {
    if (body.length > this.limits.maxBytes) {
      throw new P2pError('too-large', `a frame of ${body.length} bytes, over ${this.limits.maxBytes}`);
    }
    const deadline = performance.now() + this.limits.timeoutMs;
    const frame = new Uint8Array(LENGTH_BYTES + body.length);
    new DataView(frame.buffer).setUint32(0, body.length);
    frame.set(body, LENGTH_BYTES);
    try {
      this.stream.send(frame);
    } catch (cause) {
      throw new P2pError('failed', 'the stream is closed', { cause });
    }
    const wake = (): void => this.#wake?.();
    this.stream.addEventListener('idle', wake);
    try {
      while (this.stream.writeBufferLength > 0 && this.stream.writeStatus !== 'closed') {
        this.#throwIfBroken();
        await this.#event(deadline, 'the other side does not read');
      }
    } finally {
      this.stream.removeEventListener('idle', wake);
    }
  }

  /** Says that nothing more comes from us. */
  async end(): Promise<void> {
    this.#detach();
    await this.stream.close({ signal: AbortSignal.timeout(this.limits.timeoutMs) }).catch((error: Error) => {
      this.stream.abort(error);
    });
  }

  /** Throws away what is unread and unsent. */
  abort(error: Error): void {
    this.#detach();
    this.#finish(error);
    this.stream.abort(error);
  }

  readonly #onAbort = (): void => this.abort(new P2pError('timeout', 'the exchange took too long, or was stopped'));

  #throwIfBroken(): void {
    if (this.#error === undefined) return;
    if (this.#error instanceof P2pError) throw this.#error;
    throw new P2pError('failed', `the stream broke: ${this.#error.message}`, { cause: this.#error });
  }

  #detach(): void {
    this.limits.signal?.removeEventListener('abort', this.#onAbort);
  }

  #finish(error?: Error): void {
    this.#ended = true;
    this.#error ??= error;
    this.#wake?.();
  }

  #take(): Uint8Array | undefined {
    const available = this.#end - this.#start;
    if (available < LENGTH_BYTES) return undefined;
    const length = new DataView(this.#buffer.buffer).getUint32(this.#start);
    if (length > this.limits.maxBytes) {
      throw new P2pError('too-large', `a frame of ${length} bytes was announced, over ${this.limits.maxBytes}`);
    }
    if (available < LENGTH_BYTES + length) return undefined;
    const body = this.#buffer.slice(this.#start + LENGTH_BYTES, this.#start + LENGTH_BYTES + length);
    this.#start += LENGTH_BYTES + length;
    return body;
  }

  /** The buffer grows with what arrives, never with what is announced. */
  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) {
      const held = this.#buffer.subarray(this.#start, this.#end);
      const needed = held.length + bytes.length;
      const grown = needed > this.#buffer.length / 2 ? new Uint8Array(needed * 2) : new Uint8Array(this.#buffer.length);
      grown.set(held);
      this.#buffer = grown;
      this.#end = held.length;
      this.#start = 0;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  #pauseIfFull(): void {
    if (this.#paused || this.#end - this.#start < this.limits.maxBytes + LENGTH_BYTES + SLACK_BYTES) return;
    if (this.stream.readStatus !== 'readable') return;
    this.stream.pause();
    this.#paused = true;
  }

  /** @returns whether reading went on, with what waited delivered. */
  #resume(): boolean {
    if (!this.#paused) return false;
    this.#paused = false;
    if (this.stream.readStatus !== 'paused') return false;
    this.stream.resume();
    return true;
  }

  #event(deadline: number, problem: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          this.#wake = undefined;
          reject(new P2pError('timeout', `${problem} within ${this.limits.timeoutMs} ms`));
        },
        Math.max(0, deadline - performance.now()),
      );
      this.#wake = () => {
        this.#wake = undefined;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
