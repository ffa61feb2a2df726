import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { VerifierKey } from '#libs/note';
import type { GossipContent, Sender } from './content.js';
import type { P2pTuning } from './tuning.js';

export interface P2pOptions {
  /** The libp2p key, mode 0600; made if it is missing. The peer ID comes from this key only, never from a witness's. */
  readonly keyFile: string;
  /** Addresses that have worked; bounded, durable, read at the start. */
  readonly peersFile?: string;
  /** Multiaddrs; none = this node only dials. */
  readonly listen: readonly string[];
  /** Multiaddrs that peers are told, in the place of those we listen on. */
  readonly announce?: readonly string[];
  /**
   * Multiaddrs that are kept connected for ever. `/p2p/<peer ID>` at the end is optional; without it whoever answers there
   * has the place, and we know it only after we have called it once.
   */
  readonly peers: readonly string[];
  /** IDs of peers that call us, from wherever they are: strangers never take their places. */
  readonly expected?: readonly string[];
  /** Our own binding (`formatPeerBinding`), sent in each hello; as a function, made anew at each start and each day. */
  readonly binding?: Uint8Array | ((peerId: string, addresses: readonly string[]) => Promise<Uint8Array>);
  /** Witnesses whose bindings count: their peers get reserved places and a better score. */
  readonly witnesses?: readonly VerifierKey[];
  /** Without it: no topics and no anti-entropy, requests only. */
  readonly content?: GossipContent;
  readonly tuning?: Partial<P2pTuning>;
  readonly logger: Logger;
  readonly registry?: Registry;
}

/** A connected peer. */
export interface PeerStatus {
  readonly id: string;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly witness?: VerifierKey;
  readonly score: number;
  /** Whether our gossip stream to it is open. */
  readonly gossip: boolean;
  /** Configured, or bound to a configured witness key. */
  readonly reserved: boolean;
  readonly since: Date;
}

/** Answers a request of a peer. What it throws ends the stream; the peer learns only that it failed. */
export type RequestHandler = (body: Uint8Array, sender: Sender, signal: AbortSignal) => Promise<Uint8Array>;

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}
