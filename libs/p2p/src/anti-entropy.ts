import { randomInt } from 'node:crypto';
import type { Connection, Stream } from '@libp2p/interface';
import type { Logger } from 'pino';
import type { Conduct } from './conduct.js';
import type { GossipContent, SyncItem, SyncVerdict, Topic } from './content.js';
import { Declined } from './declined.js';
import { FrameStream } from './frames.js';
import type { P2pMetrics } from './metrics.js';
import type { Network } from './network.js';
import { P2pError } from './p2p-error.js';
import type { PeerBook } from './peer-book.js';
import { SYNC_FRAME_MAX_BYTES, SYNC_PROTOCOL, encodeSyncFrame } from './sync-codec.js';
import type { SyncParty } from './sync-exchange.js';
import { answerSync, beginSync, type SyncResult } from './sync-session.js';
import { TokenBucket, TokenBuckets } from './token-bucket.js';
import type { P2pTuning } from './tuning.js';

/** Exchanges at once, on each side; reserved peers come on top. Each may hold some 10 MiB. */
const SESSIONS = 4;
/** New items of one exchange that are published. More is the history of a node that was away: its peers ask for it. */
const PUBLISHED_PER_SESSION = 512;
/** A peer that called us begins; we begin if it doesn't. */
const CALLED_GRACE_MS = 1_000;
/** Before an exchange that reached a limit goes on. */
const MORE_MS = 50;

export interface AntiEntropyOptions {
  readonly network: Network;
  readonly content: GossipContent;
  readonly book: PeerBook;
  readonly conduct: Conduct;
  readonly binding: () => Uint8Array;
  readonly onBinding: (peer: string, note: Uint8Array) => void;
  readonly publish: (topic: Topic, data: Uint8Array) => Promise<void>;
  readonly metrics: P2pMetrics;
  readonly logger: Logger;
  readonly tuning: P2pTuning;
  /** Aborted when the node closes. */
  readonly signal: AbortSignal;
}

/** Who exchanges what is held with whom, and when. Gossip alone never repairs history. */
export class AntiEntropy {
  readonly #declined = new Declined();
  readonly #perPeer: TokenBuckets;
  readonly #overall: TokenBucket;
  readonly #begun = new Map<string, Promise<SyncResult>>();
  readonly #answering = new Set<string>();
  readonly #speakers = new Set<string>();
  readonly #lastExchange = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(private readonly options: AntiEntropyOptions) {
    const { syncPerPeerPerMinute, syncPerMinute } = options.tuning;
    this.#perPeer = new TokenBuckets(syncPerPeerPerMinute / 60, syncPerPeerPerMinute);
    this.#overall = new TokenBucket(syncPerMinute / 60, syncPerMinute);
  }

  async start(): Promise<void> {
    if (!this.options.tuning.sync) return;
    const { network, signal } = this.options;
    // Two at once: one may still be closing when the next begins. What runs is counted by peer.
    await network.handle(SYNC_PROTOCOL, (stream, connection) => this.#answer(stream, connection), {
      maxInboundStreams: 2,
      maxOutboundStreams: 2,
    });
    network.addEventListener(
      'peer:identify',
      ({ detail }) => {
        if (detail.protocols.includes(SYNC_PROTOCOL)) this.#met(detail.peerId.toString(), detail.connection);
      },
      { signal },
    );
    network.addEventListener('peer:disconnect', ({ detail }) => this.#left(detail.toString()), { signal });
    signal.addEventListener('abort', () => {
      for (const timer of this.#timers) clearTimeout(timer);
    });
    this.#tick();
  }

  /** One exchange with a connected peer. @throws P2pError */
  syncWith(peer: string): Promise<SyncResult> {
    if (!this.options.tuning.sync) throw new P2pError('closed', 'anti-entropy is switched off');
    const running = this.#begun.get(peer);
    if (running !== undefined) return running;
    const run = this.#begin(peer).finally(() => this.#begun.delete(peer));
    this.#begun.set(peer, run);
    return run;
  }

  forgetIdle(): void {
    this.#perPeer.forgetIdle();
  }

  #met(peer: string, connection: Connection): void {
    this.#speakers.add(peer);
    const at = performance.now();
    if (connection.direction === 'outbound') this.#soon(peer, 0);
    else this.#later(CALLED_GRACE_MS, () => (this.#lastExchange.get(peer) ?? 0) < at && this.#soon(peer, 0));
  }

  #left(peer: string): void {
    this.#speakers.delete(peer);
    this.#lastExchange.delete(peer);
    this.#declined.forget(peer);
  }

  /** An exchange that nobody waits for. */
  #soon(peer: string, delayMs: number): void {
    this.#later(delayMs, () => {
      if (!this.#speakers.has(peer) || (this.#begun.size >= SESSIONS && !this.options.book.isReserved(peer))) return;
      this.syncWith(peer).then(
        ({ more, sent, accepted }) => {
          if (more && sent + accepted > 0) this.#soon(peer, MORE_MS);
        },
        (error: unknown) => this.options.logger.debug({ err: error, peer }, 'anti-entropy failed'),
      );
    });
  }

  #tick(): void {
    const { syncIntervalMs, syncJitterMs } = this.options.tuning;
    const delayMs = syncIntervalMs + (Math.random() * 2 - 1) * syncJitterMs;
    this.#later(delayMs, () => {
      const peer = this.#choose();
      if (peer !== undefined) this.#soon(peer, 0);
      this.#tick();
    });
  }

  /** At random; half of the time among the reserved ones: strangers may be many, and all the same one. */
  #choose(): string | undefined {
    const all = [...this.#speakers].filter((peer) => !this.#begun.has(peer));
    const reserved = all.filter((peer) => this.options.book.isReserved(peer));
    const from = reserved.length > 0 && randomInt(2) === 0 ? reserved : all;
    return from.length === 0 ? undefined : from[randomInt(from.length)];
  }

  async #begin(peer: string): Promise<SyncResult> {
    const [connection] = this.options.network
      .getConnections()
      .filter(({ remotePeer }) => remotePeer.toString() === peer);
    if (connection === undefined) throw new P2pError('not-connected', `there is no connection to ${peer}`);
    const { tuning, signal } = this.options;
    const stream = await connection
      .newStream(SYNC_PROTOCOL, { signal: AbortSignal.any([signal, AbortSignal.timeout(tuning.syncTimeoutMs)]) })
      .catch((cause: Error) => {
        throw new P2pError('failed', `no sync stream to ${peer}: ${cause.message}`, { cause });
      });
    return this.#run('begun', peer, stream, beginSync);
  }

  async #answer(stream: Stream, connection: Connection): Promise<void> {
    const peer = connection.remotePeer.toString();
    const reserved = this.options.book.isReserved(peer);
    const admitted = this.#admits(peer, reserved);
    if (!admitted) {
      this.options.metrics.syncRuns.inc({ side: 'answered', outcome: 'refused' });
      const frames = this.#frames(stream);
      await frames.write(encodeSyncFrame({ type: 'busy' })).catch(() => undefined);
      return frames.end();
    }
    this.#answering.add(peer);
    try {
      await this.#run('answered', peer, stream, answerSync);
    } catch (error) {
      this.options.logger.debug({ err: error, peer }, 'a peer could not finish its exchange');
    } finally {
      this.#answering.delete(peer);
    }
  }

  #admits(peer: string, reserved: boolean): boolean {
    if (!this.#perPeer.take(peer)) {
      // One of ours may have another pace than we; it hears that we are busy, and no more.
      if (!reserved) this.options.conduct.note(peer, 'flooding');
      return false;
    }
    if (this.#answering.has(peer)) return false;
    return reserved || (this.#answering.size < SESSIONS && this.#overall.take());
  }

  async #run(
    side: 'begun' | 'answered',
    peer: string,
    stream: Stream,
    session: (frames: FrameStream, party: SyncParty) => Promise<SyncResult>,
  ): Promise<SyncResult> {
    const { metrics } = this.options;
    const frames = this.#frames(stream);
    try {
      const result = await session(frames, this.#party(peer));
      await frames.end();
      this.#lastExchange.set(peer, performance.now());
      metrics.syncRuns.inc({ side, outcome: result.outcome });
      metrics.syncItems.inc({ direction: 'sent' }, result.sent);
      metrics.syncItems.inc({ direction: 'received' }, result.received);
      metrics.syncItems.inc({ direction: 'new' }, result.accepted);
      return result;
    } catch (error) {
      const failure =
        error instanceof P2pError ? error : new P2pError('failed', 'the exchange failed', { cause: error });
      frames.abort(failure);
      metrics.syncRuns.inc({ side, outcome: failure.code });
      if (!(error instanceof P2pError)) this.options.logger.error({ err: error, peer }, 'anti-entropy failed');
      if (failure.code === 'protocol-violation' || failure.code === 'too-large') {
        this.options.conduct.note(peer, 'violation');
      } else if (failure.code === 'timeout' && !this.options.signal.aborted) {
        this.options.conduct.note(peer, 'stalled');
      }
      throw failure;
    }
  }

  #frames(stream: Stream): FrameStream {
    const { syncTimeoutMs, syncSessionMs } = this.options.tuning;
    const signal = AbortSignal.any([this.options.signal, AbortSignal.timeout(syncSessionMs)]);
    return new FrameStream(stream, { maxBytes: SYNC_FRAME_MAX_BYTES, timeoutMs: syncTimeoutMs, signal });
  }

  #party(peer: string): SyncParty {
    let published = 0;
    return {
      content: this.options.content,
      binding: this.options.binding(),
      onBinding: (note) => {
        if (note.length > 0) this.options.onBinding(peer, note);
      },
      onItem: async (item) => {
        const verdict = await this.#judge(peer, item);
        if (verdict === 'accept' && item.kind !== 'cosigned' && published < PUBLISHED_PER_SESSION) {
          published += 1;
          await this.options.publish(item.kind, item.data).catch((error: unknown) => {
            this.options.logger.warn({ err: error }, 'an item of anti-entropy could not be published');
          });
        }
        return verdict;
      },
      declined: this.#declined.of(peer),
      start: randomInt(256),
    };
  }

  async #judge(peer: string, { kind, data }: SyncItem): Promise<SyncVerdict> {
    const { book, content, conduct, logger } = this.options;
    if (book.isDenied(peer)) return 'ignore';
    try {
      const verdict = await content.receiveSynced(kind, data, book.senderOf(peer));
      if (verdict === 'reject') conduct.note(peer, 'rejected');
      return verdict;
    } catch (error) {
      logger.error({ err: error, kind }, 'an item of anti-entropy could not be judged');
      return 'ignore';
    }
  }

  #later(delayMs: number, then: () => unknown): void {
    if (this.options.signal.aborted) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, delayMs);
    this.#timers.add(timer);
  }
}
