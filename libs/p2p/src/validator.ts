import type { Logger } from 'pino';
import type { GossipContent, Topic, Verdict } from './content.js';
import type { Conduct } from './conduct.js';
import type { P2pMetrics } from './metrics.js';
import type { PeerBook } from './peer-book.js';
import { TokenBuckets } from './token-bucket.js';
import { MAX_BYTES } from './topics.js';
import type { P2pTuning } from './tuning.js';

/** What becomes of a gossiped message: limits first, then its content. Never throws. */
export class Validator {
  readonly #rates: TokenBuckets;

  constructor(
    private readonly content: GossipContent,
    private readonly book: PeerBook,
    private readonly conduct: Conduct,
    private readonly metrics: P2pMetrics,
    private readonly logger: Logger,
    tuning: Pick<P2pTuning, 'messagesPerSecond' | 'messagesBurst'>,
  ) {
    this.#rates = new TokenBuckets(tuning.messagesPerSecond, tuning.messagesBurst);
  }

  validate(topic: Topic, data: Uint8Array, peer: string): Verdict {
    const verdict = this.#verdict(topic, data, peer);
    this.metrics.messages.inc({ topic, verdict });
    if (verdict === 'reject') this.conduct.note(peer, 'rejected');
    return verdict;
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
