/** Every number of the network that a test or an operator may want to turn. Times are in milliseconds. */
export interface P2pTuning {
  /** Connections in all, beside two for each configured peer and witness. */
  readonly maxConnections: number;
  /** Inbound connections of strangers from one address. */
  readonly maxPerIp: number;
  /** Inbound connections that have not said yet who they are. */
  readonly maxPendingInbound: number;
  /** New inbound connections per second and address. */
  readonly inboundPerSecond: number;
  /** Strangers that dial us. */
  readonly openInbound: number;
  /** Strangers that we dial. */
  readonly openOutbound: number;
  /** Strangers that we dial in one /16 (IPv4) or /32 (IPv6): an eclipse should cost more than one network. */
  readonly openOutboundPerPrefix: number;
  readonly dialTimeoutMs: number;

  /** Gossipsub's heartbeat. */
  readonly heartbeatMs: number;
  /** How long a message ID is remembered. Strangers can fill this; what comes again later, the content knows by itself. */
  readonly seenMs: number;
  /** Messages that a peer may have validated, per second and at once; more is a violation. */
  readonly messagesPerSecond: number;
  readonly messagesBurst: number;

  /**
   * Checkpoints that we pass on, and that we publish, per second and at once. Less in all than anybody takes of one peer: else
   * whoever has many true ones could have us cut off by those that we send them to. Anti-entropy carries what is left out.
   */
  readonly relayedPerSecond: number;
  readonly relayedBurst: number;
  readonly publishedPerSecond: number;
  readonly publishedBurst: number;

  /** What a stranger may send in all, and the streams that it may open, per second and at once; more is a violation. */
  readonly bytesPerSecond: number;
  readonly bytesBurst: number;
  readonly streamsPerSecond: number;
  readonly streamsBurst: number;

  /** Weight (≤ 0) and threshold of gossipsub's penalty for many peers on one address. */
  readonly colocationWeight: number;
  readonly colocationThreshold: number;
  /** A peer below this score is disconnected and denied. */
  readonly scoreLimit: number;
  /** For how long. */
  readonly denyMs: number;

  /** The supervisor's round. */
  readonly supervisorMs: number;
  /** A peer that gossips without a gossip stream from us for this long is closed and dialled again. */
  readonly deadStreamMs: number;
  /** Each connection is pinged this often. Also what keeps a NAT from forgetting it. */
  readonly pingMs: number;
  /** A connection on which nothing has come in for this long, pings not answered, is given up. Several times `pingMs`. */
  readonly silentMs: number;
  /** Backoff of redialling: from, to. */
  readonly redialMinMs: number;
  readonly redialMaxMs: number;

  /** Whether anti-entropy runs at all. */
  readonly sync: boolean;
  /** One random peer every so often, ± jitter. */
  readonly syncIntervalMs: number;
  readonly syncJitterMs: number;
  /** Longest wait for one frame. */
  readonly syncTimeoutMs: number;
  /** Longest exchange. */
  readonly syncSessionMs: number;
  /** Exchanges that peers may begin with us, per minute: one peer, all peers. */
  readonly syncPerPeerPerMinute: number;
  readonly syncPerMinute: number;

  /** Requests that are worked on at once: of one peer, of all peers. */
  readonly requestsPerPeer: number;
  readonly requestsInAll: number;
  /** Answers are waited for this long, unless the caller says otherwise. */
  readonly requestTimeoutMs: number;
}

/** For a witness on the open internet. */
export const DEFAULT_TUNING: P2pTuning = {
  maxConnections: 48,
  maxPerIp: 4,
  maxPendingInbound: 16,
  inboundPerSecond: 5,
  openInbound: 24,
  openOutbound: 8,
  openOutboundPerPrefix: 2,
  dialTimeoutMs: 10_000,

  heartbeatMs: 1_000,
  seenMs: 120_000,
  messagesPerSecond: 100,
  messagesBurst: 2_000,
  relayedPerSecond: 40,
  relayedBurst: 750,
  publishedPerSecond: 40,
  publishedBurst: 750,

  // Three exchanges of anti-entropy that are as large as they may be.
  bytesPerSecond: 1 << 20,
  bytesBurst: 32 << 20,
  streamsPerSecond: 20,
  streamsBurst: 400,

  colocationWeight: -5,
  colocationThreshold: 4,
  scoreLimit: -80,
  denyMs: 30 * 60_000,

  supervisorMs: 10_000,
  deadStreamMs: 10_000,
  pingMs: 10_000,
  silentMs: 40_000,
  redialMinMs: 1_000,
  redialMaxMs: 5 * 60_000,

  sync: true,
  syncIntervalMs: 30_000,
  syncJitterMs: 10_000,
  syncTimeoutMs: 5_000,
  syncSessionMs: 60_000,
  syncPerPeerPerMinute: 6,
  syncPerMinute: 60,

  requestsPerPeer: 4,
  requestsInAll: 32,
  requestTimeoutMs: 10_000,
};
