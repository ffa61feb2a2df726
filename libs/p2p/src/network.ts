import { gossipsub, TopicValidatorResult, type GossipSub, type GossipSubComponents } from '@libp2p/gossipsub';
import { identify, type Identify } from '@libp2p/identify';
import type { Connection, Libp2p, PrivateKey } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { ping, type Ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { createLibp2p } from 'libp2p';
import type { Gater } from './gater.js';
import { P2pError } from './p2p-error.js';
import type { PeerBook } from './peer-book.js';
import { scoreParameters } from './scoring.js';
import { MAX_RPC_BYTES, TOPICS, TOPIC_NAME, messageId } from './topics.js';
import type { P2pTuning } from './tuning.js';
import type { Validator } from './validator.js';

/** What a peer that doesn't read may make us hold, on one stream. */
const MAX_WRITE_BUFFER_BYTES = 4 << 20;
/** Less than libp2p's limit of unread bytes (4 MiB): a stream that is paused must not be reset for it. */
const MAX_STREAM_WINDOW_BYTES = 1 << 20;

/** What the implementation offers, and its interface leaves out. */
export interface Gossip extends GossipSub {
  getScore(peer: string): number;
  getMeshPeers(topic: string): string[];
}

export type Network = Libp2p<{ identify: Identify; ping: Ping; gossip?: Gossip }>;

export interface NetworkOptions {
  readonly privateKey: PrivateKey;
  readonly listen: readonly string[];
  readonly announce?: readonly string[];
  readonly gater: Gater;
  readonly book: PeerBook;
  /** Hosts of reserved peers: many of them may share an address. */
  readonly reservedHosts: Set<string>;
  /** Places beside those that strangers may take. */
  readonly reservedPeers: number;
  /** Without it: no gossip. */
  readonly validator?: Validator;
  readonly tuning: P2pTuning;
}

/** A libp2p node, not started: nothing may come in before everything that judges it is in place. */
export async function createNetwork(options: NetworkOptions): Promise<Network> {
  const { tuning, validator } = options;
  // Peers that dial each other at once hold two connections.
  const maxConnections = tuning.maxConnections + 2 * options.reservedPeers;
  const network: Network = await createLibp2p({
    start: false,
    privateKey: options.privateKey,
    addresses: { listen: [...options.listen], announce: [...(options.announce ?? [])] },
    transports: [tcp({ maxConnections: maxConnections + tuning.maxPendingInbound, backlog: 16 })],
    connectionEncrypters: [noise()],
    streamMuxers: [
      yamux({
        maxInboundStreams: 32,
        maxOutboundStreams: 32,
        streamOptions: {
          maxStreamWindowSize: MAX_STREAM_WINDOW_BYTES,
          maxWriteBufferLength: MAX_WRITE_BUFFER_BYTES,
        },
      }),
    ],
    connectionManager: {
      maxConnections,
      maxIncomingPendingConnections: tuning.maxPendingInbound,
      inboundConnectionThreshold: tuning.inboundPerSecond,
      inboundUpgradeTimeout: 5_000,
      maxParallelDials: 8,
      dialTimeout: tuning.dialTimeoutMs,
      addressDialTimeout: tuning.dialTimeoutMs,
    },
    // One lost ping is the weather, not a reason to lose a peer: the supervisor sees who never answers.
    connectionMonitor: { pingInterval: tuning.pingMs, abortConnectionOnPingFailure: false },
    connectionGater: options.gater,
    services: {
      identify: identify(),
      ping: ping(),
      // Its class has what its interface leaves out.
      ...(validator && { gossip: gossip(options) as (components: GossipSubComponents) => Gossip }),
    },
  });
  if (validator !== undefined) {
    for (const topic of TOPICS) {
      gossipOf(network)?.topicValidators.set(
        TOPIC_NAME[topic],
        (peer, { data }) => RESULT[validator.validate(topic, data, peer.toString())],
      );
    }
  }
  return network;
}

/** Starts to listen, then to gossip. @throws P2pError cannot-listen */
export async function startNetwork(network: Network): Promise<void> {
  try {
    await network.start();
  } catch (cause) {
    if (!(cause instanceof Error) || cause.name !== 'UnsupportedListenAddressesError') throw cause;
    // libp2p has a line per address, each with its stack.
    const reasons = cause.message.split('\n').filter((line) => line.startsWith('  /'));
    throw new P2pError('cannot-listen', `cannot listen on${reasons.join(';').replaceAll('  /', ' /')}`, { cause });
  }
  for (const topic of TOPICS) gossipOf(network)?.subscribe(TOPIC_NAME[topic]);
}

/** Open connections by peer: two peers that dial each other at once hold two. */
export function connectionsByPeer(network: Network): Map<string, Connection[]> {
  const peers = new Map<string, Connection[]>();
  for (const connection of network.getConnections()) {
    const peer = connection.remotePeer.toString();
    if (connection.status === 'open') peers.set(peer, [...(peers.get(peer) ?? []), connection]);
  }
  return peers;
}

export async function closeAll(connections: readonly Connection[]): Promise<void> {
  await Promise.all(
    connections.map((connection) =>
      connection.close({ signal: AbortSignal.timeout(1_000) }).catch((error: Error) => connection.abort(error)),
    ),
  );
}

export function gossipOf(network: Network): Gossip | undefined {
  return network.services.gossip;
}

/** Gossipsub's score includes the book's, but is some time old, and 0 for a peer that doesn't gossip. */
export function scoreOf(network: Network, book: PeerBook, peer: string): number {
  return Math.min(gossipOf(network)?.getScore(peer) ?? Infinity, book.score(peer));
}

/** Whether our side of the gossip with this peer works: its subscription tells about its side only. */
export function hasGossipStream(connections: readonly Connection[]): boolean {
  return connections.some(
    ({ status, streams }) =>
      status === 'open' &&
      streams.some(
        (stream) =>
          stream.direction === 'outbound' &&
          stream.protocol.startsWith('/meshsub/') &&
          stream.status === 'open' &&
          stream.writeStatus === 'writable',
      ),
  );
}

const RESULT = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
};

function gossip({ tuning, book, reservedHosts }: NetworkOptions): ReturnType<typeof gossipsub> {
  const topics = TOPICS.map((topic) => TOPIC_NAME[topic]);
  return gossipsub({
    // The same checkpoint published by many witnesses is one message, and says nothing about who published it.
    globalSignaturePolicy: 'StrictNoSign',
    msgIdFn: messageId,
    fallbackToFloodsub: false,
    allowedTopics: topics,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    D: 6,
    Dlo: 4,
    Dhi: 12,
    floodPublish: true,
    // Peer exchange lets a stranger choose whom we meet.
    doPX: false,
    heartbeatInterval: tuning.heartbeatMs,
    maxInboundDataLength: MAX_RPC_BYTES,
    maxOutboundBufferSize: MAX_WRITE_BUFFER_BYTES,
    maxTopicBytesPerPeer: 16 * 1024,
    seenTTL: tuning.seenMs,
    scoreParams: {
      ...scoreParameters(topics, tuning, (peer) => book.score(peer)),
      IPColocationFactorWhitelist: reservedHosts,
    },
  });
}
