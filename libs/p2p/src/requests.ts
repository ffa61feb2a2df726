import type { Connection, Stream } from '@libp2p/interface';
import type { Logger } from 'pino';
import { concatBytes } from '#libs/crypto';
import { FrameStream } from './frames.js';
import type { P2pMetrics } from './metrics.js';
import type { Network } from './network.js';
import type { RequestHandler } from './options.js';
import { P2pError } from './p2p-error.js';
import type { PeerBook } from './peer-book.js';
import type { P2pTuning } from './tuning.js';

/** Longest request, and longest answer. */
export const REQUEST_MAX_BYTES = 128 * 1024;

// A request is one frame; an answer is one frame: a byte that says how it went, then the answer.
const STATUS = { ok: 0, failed: 1, busy: 2 } as const;

export interface RequestsOptions {
  readonly network: Network;
  readonly book: PeerBook;
  readonly metrics: P2pMetrics;
  readonly logger: Logger;
  readonly tuning: P2pTuning;
  /** Aborted when the node closes. */
  readonly signal: AbortSignal;
}

/** One request and one answer over a stream of its own. */
export class Requests {
  readonly #working = new Map<string, number>();

  constructor(private readonly options: RequestsOptions) {}

  async handle(protocol: string, handler: RequestHandler): Promise<void> {
    const { network, tuning } = this.options;
    await network.handle(protocol, (stream, connection) => this.#serve(handler, stream, connection), {
      // One more than is worked on, so that a peer hears that it is too many.
      maxInboundStreams: tuning.requestsPerPeer + 1,
      force: true,
    });
  }

  /** @throws P2pError too-large, timeout, limited, failed */
  async request(
    connection: Connection,
    protocol: string,
    body: Uint8Array,
    { signal, timeoutMs = this.options.tuning.requestTimeoutMs }: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<Uint8Array> {
    const peer = connection.remotePeer.toString();
    if (body.length > REQUEST_MAX_BYTES) {
      throw new P2pError('too-large', `a request of ${body.length} bytes, over ${REQUEST_MAX_BYTES}`);
    }
    const limit = AbortSignal.any([this.options.signal, AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])]);
    try {
      const answer = await this.#exchange(connection, protocol, body, timeoutMs, limit);
      this.options.metrics.requests.inc({ side: 'out', outcome: 'ok' });
      return answer;
    } catch (cause) {
      signal?.throwIfAborted();
      const failure =
        cause instanceof P2pError
          ? cause
          : new P2pError(limit.aborted ? 'timeout' : 'failed', message(cause), { cause });
      this.options.metrics.requests.inc({ side: 'out', outcome: failure.code });
      throw new P2pError(failure.code, `${protocol} of ${peer}: ${failure.message}`, { cause });
    }
  }

  async #exchange(
    connection: Connection,
    protocol: string,
    body: Uint8Array,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const stream = await connection.newStream(protocol, { signal });
    const frames = new FrameStream(stream, { maxBytes: REQUEST_MAX_BYTES + 1, timeoutMs, signal });
    try {
      await frames.write(body);
      const answer = await frames.read();
      await frames.end();
      if (answer?.[0] === STATUS.ok) return answer.subarray(1);
      if (answer?.[0] === STATUS.busy) throw new P2pError('limited', 'it has too much to do');
      throw new P2pError('failed', 'it could not answer');
    } catch (error) {
      frames.abort(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  async #serve(handler: RequestHandler, stream: Stream, connection: Connection): Promise<void> {
    const { book, metrics, logger, tuning } = this.options;
    const peer = connection.remotePeer.toString();
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.options.signal, AbortSignal.timeout(tuning.requestTimeoutMs)]);
    const frames = new FrameStream(stream, {
      maxBytes: REQUEST_MAX_BYTES + 1,
      timeoutMs: tuning.requestTimeoutMs,
      signal,
    });
    stream.addEventListener('close', () => stop.abort(), { once: true });
    const admitted = this.#admit(peer, book.isReserved(peer));
    try {
      const body = admitted ? await frames.read() : undefined;
      if (!admitted) {
        metrics.requests.inc({ side: 'in', outcome: 'limited' });
        await frames.write(Uint8Array.of(STATUS.busy));
      } else if (body !== undefined) {
        const answer = await answerOf(handler, body, book.senderOf(peer), signal).catch((error: unknown) => {
          logger.warn({ err: error, peer }, 'a request of a peer could not be answered');
          return undefined;
        });
        const fits = answer !== undefined && answer.length <= REQUEST_MAX_BYTES;
        metrics.requests.inc({ side: 'in', outcome: fits ? 'ok' : 'failed' });
        await frames.write(fits ? concatBytes(Uint8Array.of(STATUS.ok), answer) : Uint8Array.of(STATUS.failed));
      }
      await frames.end();
    } catch (error) {
      logger.debug({ err: error, peer }, 'a request of a peer broke off');
      frames.abort(error instanceof Error ? error : new Error(String(error)));
    } finally {
      if (admitted) this.#release(peer);
    }
  }

  #admit(peer: string, reserved: boolean): boolean {
    const { requestsPerPeer, requestsInAll } = this.options.tuning;
    const own = this.#working.get(peer) ?? 0;
    const all = [...this.#working.values()].reduce((sum, count) => sum + count, 0);
    if (own >= requestsPerPeer || (!reserved && all >= requestsInAll)) return false;
    this.#working.set(peer, own + 1);
    return true;
  }

  #release(peer: string): void {
    const left = (this.#working.get(peer) ?? 1) - 1;
    if (left > 0) this.#working.set(peer, left);
    else this.#working.delete(peer);
  }
}

/** So that a handler may also throw before it waits for anything. */
async function answerOf(handler: RequestHandler, ...request: Parameters<RequestHandler>): Promise<Uint8Array> {
  return handler(...request);
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
