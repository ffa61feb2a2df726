import type { Gossip, Observer as GossipObserver } from '#libs/gossip';
import { parseNote } from '#libs/note';
import type { PeerStatus } from '#libs/p2p';
import type { ServiceContext } from '#libs/server';
import { originHash } from '#libs/tlog';
import type { WitnessConfig } from '../config.js';
import type { Cosigner } from '../cosigning/cosigner.js';
import type { Heads } from '../cosigning/heads.js';
import type { Lookback } from '../lookback/lookback.js';
import { gossips, startGossip } from './open-gossip.js';
import type { PeerRequestsHandler } from './peer-requests.handler.js';
import type { WatchedLogs } from './watched-logs.js';

/** Records that are read at a start before others get their turn. */
const RESTORED_AT_ONCE = 64;

export interface NetworkParts {
  readonly config: WitnessConfig;
  readonly cosigner: Cosigner;
  readonly observer: GossipObserver;
  readonly logs: WatchedLogs;
  readonly heads: Heads;
  readonly peers: PeerRequestsHandler;
  readonly lookback: Lookback;
  readonly context: ServiceContext;
}

/** The witness's place among others; without an address to listen on or a peer it has none. */
export class Network {
  readonly #stop = new AbortController();
  #gossip: Gossip | undefined;
  #restoring: Promise<void> = Promise.resolve();

  constructor(private readonly parts: NetworkParts) {}

  get addresses(): readonly string[] {
    return this.#gossip?.node.addresses() ?? [];
  }

  get peerId(): string | undefined {
    return this.#gossip?.node.peerId;
  }

  peers(): readonly PeerStatus[] {
    return this.#gossip?.peers() ?? [];
  }

  /** @throws P2pError */
  async begin(): Promise<void> {
    const { config, cosigner, observer, logs, peers, context } = this.parts;
    // What others keep of our own cosignatures is the memory that no restored backup takes back.
    observer.onCosigned((note) => void this.#lookBack(note));
    if (!gossips(config)) return;
    this.#gossip = await startGossip(config, cosigner, observer, logs, context);
    peers.register(this.#gossip.node);
    this.#restoring = this.#restore();
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#restoring;
    await this.#gossip?.close();
    await this.parts.observer.close();
  }

  async #lookBack(note: Uint8Array): Promise<void> {
    const { lookback, context } = this.parts;
    await lookback.observe(parseNote(note)).catch((err: unknown) => {
      context.logger.warn({ err }, 'a cosigned checkpoint could not be held against the record');
    });
  }

  /** What was cosigned before this start is what heads are compared with, and what other nodes get to know. */
  async #restore(): Promise<void> {
    const { observer, logs, heads, context } = this.parts;
    let read = 0;
    for (const origin of logs.origins()) {
      if (this.#stop.signal.aborted) return;
      try {
        const note = await heads.recorded(originHash(origin));
        if (note) observer.restore(origin, note);
      } catch (error) {
        context.logger.warn({ err: error, origin }, 'the record of a log could not be read');
      }
      if (++read % RESTORED_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
