import type { Logger } from 'pino';
import type { GossipContent, Topic, Verdict } from './content.js';
import type { Conduct } from './conduct.js';
import type { P2pMetrics } from './metrics.js';
import type { PeerBook } from './peer-book.js';
import { TokenBucket, TokenBuckets } from './token-bucket.js';
import { MAX_BYTES } from './topics.js';
import type { P2pTuning } from './tuning.js';

type ValidatorTuning = Pick<
  P2pTuning,
  'messagesPerSecond' | 'messagesBurst' | 'relayedPerSecond' | 'relayedBurst' | 'publishedPerSecond' | 'publishedBurst'
>;

/** What becomes of a gossiped message: limits first, then its content. Never throws. */
export class Validator {
  readonly #rates: TokenBuckets;
  readonly #relayed: TokenBucket;
  readonly #published: TokenBucket;

  constructor(
    private readonly content: GossipContent,
    private readonly book: PeerBook,
    private readonly conduct: Conduct,
    private readonly metrics: P2pMetrics,
    private readonly logger: Logger,
    tuning: ValidatorTuning,
  ) {
    this.#rates = new TokenBuckets(tuning.messagesPerSecond, tuning.messagesBurst);
    this.#relayed = new TokenBucket(tuning.relayedPerSecond, tuning.relayedBurst);
    this.#published = new TokenBucket(tuning.publishedPerSecond, tuning.publishedBurst);
  }

  validate(topic: Topic, data: Uint8Array, peer: string): Verdict {
    const verdict = this.#verdict(topic, data, peer);
    this.metrics.messages.inc({ topic, verdict });
    if (verdict === 'reject') this.conduct.note(peer, 'rejected');
    // It was taken in, and that is all.
    return verdict === 'accept' && !this.#mayGo(topic, this.#relayed) ? 'ignore' : verdict;
  }

  /** Whether one more message of our own goes out: what others send us leaves room for it. */
  mayPublish(topic: Topic): boolean {
    return this.#mayGo(topic, this.#published);
  }

  /** Evidence always goes: there is one for each key. */
  #mayGo(topic: Topic, bucket: TokenBucket): boolean {
    if (topic === 'evidence' || bucket.take()) return true;
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
