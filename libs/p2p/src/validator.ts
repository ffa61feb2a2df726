import type { Logger } from 'pino';
import type { GossipContent, Topic, Verdict } from './content.js';
import type { Conduct } from './conduct.js';
import type { P2pMetrics } from './metrics.js';
import type { PeerBook } from './peer-book.js';
import { TokenBucket, TokenBuckets } from './token-bucket.js';
import { MAX_BYTES } from './topics.js';
import type { P2pTuning } from './tuning.js';

/** What becomes of a gossiped message: limits first, then its content. Never throws. */
export class Validator {
  readonly #rates: TokenBuckets;
  readonly #relayed: TokenBucket;

  constructor(
    private readonly content: GossipContent,
    private readonly book: PeerBook,
    private readonly conduct: Conduct,
    private readonly metrics: P2pMetrics,
    private readonly logger: Logger,
    tuning: Pick<P2pTuning, 'messagesPerSecond' | 'messagesBurst' | 'relayedPerSecond' | 'relayedBurst'>,
  ) {
    this.#rates = new TokenBuckets(tuning.messagesPerSecond, tuning.messagesBurst);
    this.#relayed = new TokenBucket(tuning.relayedPerSecond, tuning.relayedBurst);
  }

  validate(topic: Topic, data: Uint8Array, peer: string): Verdict {
    const verdict = this.#verdict(topic, data, peer);
    this.metrics.messages.inc({ topic, verdict });
    if (verdict === 'reject') this.conduct.note(peer, 'rejected');
    // It was taken in, and that is all.
    return verdict === 'accept' && !this.mayRelay(topic) ? 'ignore' : verdict;
  }

  /** Whether one more message goes out. Evidence always does: there is one for each key. */
  mayRelay(topic: Topic): boolean {
    if (topic === 'evidence' || this.#relayed.take()) return true;
    this.metrics.notRelayed.inc();
    return false;
  }

  forgetIdle(): void {
    this.#rates.forgetIdle();
  }

  #verdict(topic: Topic, data: Uint8Array, peer: string): Verdict {
    // What is still in the pipe of a peer that was just cut off.
    if (this.book.isDenied(peer)) return 'ignore';
    if (!this.#rates.take(peer)) {
      this.conduct.note(peer, 'flooding');
      return 'ignore';
    }
    if (data.length > MAX_BYTES[topic]) return 'reject';
    try {
      return this.content.receive(topic, data, this.book.senderOf(peer));
    } catch (error) {
      this.logger.error({ err: error, topic }, 'a gossiped message could not be judged');
      return 'ignore';
    }
  }
}
