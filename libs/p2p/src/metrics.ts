import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What an operator sees of the network. */
export class P2pMetrics {
  readonly messages: Counter<'topic' | 'verdict'>;
  readonly published: Counter<'topic'>;
  readonly notRelayed: Counter;
  readonly peers: Gauge<'kind'>;
  readonly mesh: Gauge<'topic'>;
  readonly syncRuns: Counter<'side' | 'outcome'>;
  readonly syncItems: Counter<'direction'>;
  readonly denied: Gauge;
  readonly cutOff: Counter<'reason'>;
  readonly repairs: Counter;
  readonly silent: Counter;
  readonly requests: Counter<'side' | 'outcome'>;
  readonly score: Histogram;

  constructor(registry: Registry = new Registry()) {
    const registers = [registry];
    this.messages = new Counter({
      name: 'tally_p2p_messages_total',
      help: 'Gossiped messages that reached the validator.',
      labelNames: ['topic', 'verdict'],
      registers,
    });
    this.published = new Counter({
      name: 'tally_p2p_published_total',
      help: 'Messages that we published, those that anti-entropy brought included.',
      labelNames: ['topic'],
      registers,
    });
    this.notRelayed = new Counter({
      name: 'tally_p2p_not_relayed_total',
      help: 'Checkpoints that were not passed on: they were more than others would have taken.',
      registers,
    });
    this.peers = new Gauge({
      name: 'tally_p2p_peers',
      help: 'Connected peers.',
      labelNames: ['kind'],
      registers,
    });
    this.mesh = new Gauge({
      name: 'tally_p2p_mesh_peers',
      help: 'Peers in the gossip mesh of a topic.',
      labelNames: ['topic'],
      registers,
    });
    this.syncRuns = new Counter({
      name: 'tally_p2p_sync_runs_total',
      help: 'Anti-entropy exchanges.',
      labelNames: ['side', 'outcome'],
      registers,
    });
    this.syncItems = new Counter({
      name: 'tally_p2p_sync_items_total',
      help: 'Items that anti-entropy carried; new = received and not known before.',
      labelNames: ['direction'],
      registers,
    });
    this.denied = new Gauge({ name: 'tally_p2p_denied_peers', help: 'Peers that may not connect now.', registers });
    this.cutOff = new Counter({
      name: 'tally_p2p_cut_off_total',
      help: 'Peers that were disconnected and denied.',
      labelNames: ['reason'],
      registers,
    });
    this.repairs = new Counter({
      name: 'tally_p2p_stream_repairs_total',
      help: 'Connections closed because our gossip stream on them was dead.',
      registers,
    });
    this.silent = new Counter({
      name: 'tally_p2p_silent_connections_total',
      help: 'Connections given up because nothing came in on them any more.',
      registers,
    });
    this.requests = new Counter({
      name: 'tally_p2p_requests_total',
      help: 'Requests to us (in) and by us (out).',
      labelNames: ['side', 'outcome'],
      registers,
    });
    this.score = new Histogram({
      name: 'tally_p2p_peer_score',
      help: 'Scores of the connected peers, once in each round of the supervisor.',
      buckets: [-160, -80, -50, -20, -10, -5, -1, 0, 5, 10, 20],
      registers,
    });
  }
}
