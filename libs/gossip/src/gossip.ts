import { startNode, type P2pNode, type P2pOptions, type PeerStatus } from '#libs/p2p';
import type { LogDirectory } from './known-log.js';
import type { Observer } from './observer.js';
import { Throttle } from './throttle.js';
import { WitnessPull, type PullTuning, type PulledWitness } from './witness-pull.js';

export interface GossipOptions {
  readonly observer: Observer;
  readonly logs: LogDirectory;
  readonly p2p: Omit<P2pOptions, 'content'>;
  /** Witnesses that are also asked over HTTP. */
  readonly pull?: readonly PulledWitness[];
  readonly pullTuning?: PullTuning;
}

/** An observer on the network: what it learns it tells, and what others tell it learns. */
export class Gossip {
  private constructor(
    readonly node: P2pNode,
    private readonly throttle: Throttle,
    private readonly pull: WitnessPull,
  ) {}

  /** @throws P2pError when the key file or an address is no good */
  static async start({ observer, logs, p2p, pull = [], pullTuning }: GossipOptions): Promise<Gossip> {
    const { logger } = p2p;
    const node = await startNode({ ...p2p, content: observer });
    const publish = (topic: 'checkpoint' | 'evidence', data: Uint8Array): void => {
      node.publish(topic, data).catch((error: unknown) => logger.debug({ err: error, topic }, 'not published'));
    };
    const throttle = new Throttle((note) => publish('checkpoint', note), Date.now);
    observer.publishTo({
      head: (origin, note, urgent) => throttle.head(origin, note, urgent),
      evidence: (file) => publish('evidence', file),
      waits: (origin, note) => throttle.waits(origin, note),
    });
    return new Gossip(node, throttle, new WitnessPull(pull, logs, observer, logger, pullTuning));
  }

  peers(): PeerStatus[] {
    return this.node.peers();
  }

  async close(): Promise<void> {
    this.throttle.close();
    await this.pull.close();
    await this.node.close();
  }
}
