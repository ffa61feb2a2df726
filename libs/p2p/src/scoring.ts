import type { GossipsubOpts } from '@libp2p/gossipsub';
import type { P2pTuning } from './tuning.js';

/**
 * Gossipsub's score: what comes from messages that were rejected, from many peers at one address, and from our own book.
 * Without parameters for a topic, rejected messages don't count at all. Deliveries that are missing are never held against
 * a peer: checkpoints are too rare for that.
 */
export function scoreParameters(
  topics: readonly string[],
  tuning: Pick<P2pTuning, 'colocationWeight' | 'colocationThreshold'>,
  appSpecificScore: (peer: string) => number,
): GossipsubOpts['scoreParams'] {
  return {
    topics: Object.fromEntries(topics.map((topic) => [topic, TOPIC])),
    appSpecificScore,
    appSpecificWeight: 1,
    IPColocationFactorWeight: tuning.colocationWeight,
    IPColocationFactorThreshold: tuning.colocationThreshold,
    // Gossipsub throws a retained score away when its peer comes back, but goes on counting the peer at its address.
    retainScore: 10_000,
  };
}

const TOPIC = {
  topicWeight: 1,
  timeInMeshWeight: 0,
  timeInMeshQuantum: 1,
  timeInMeshCap: 1,
  firstMessageDeliveriesWeight: 0,
  firstMessageDeliveriesDecay: 0.5,
  firstMessageDeliveriesCap: 1,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 1,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 1_000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: -10,
  invalidMessageDeliveriesDecay: 0.99,
};
