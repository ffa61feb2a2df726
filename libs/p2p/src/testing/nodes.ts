import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import type { Connection } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { pino } from 'pino';
import { gossipOf, type Gossip, type Network } from '../network.js';
import { P2pNode } from '../node.js';
import type { P2pOptions } from '../options.js';
import { TOPIC_NAME } from '../topics.js';
import type { P2pTuning } from '../tuning.js';
import { Shelf } from './shelf.js';

/** Many nodes on one address, no waiting, nobody dialled but whom the test names. */
export const TEST_TUNING: Partial<P2pTuning> = {
  inboundPerSecond: 1_000_000,
  maxPendingInbound: 1_000,
  maxPerIp: 100,
  colocationWeight: 0,
  openOutbound: 0,
  heartbeatMs: 200,
  supervisorMs: 200,
  deadStreamMs: 400,
  redialMinMs: 50,
  redialMaxMs: 400,
  syncIntervalMs: 60_000,
  syncPerPeerPerMinute: 6_000,
  syncPerMinute: 6_000,
  // A machine that stands still for seconds makes nobody fail.
  syncTimeoutMs: 30_000,
  requestTimeoutMs: 60_000,
};

/** Nodes of one suite: everything is closed and removed by `closeAll`. */
export class TestNodes {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tally-p2p-'));
  readonly #open: { close(): Promise<unknown> }[] = [];
  #count = 0;

  path(name: string): string {
    return join(this.#directory, name);
  }

  async start(options: Partial<Omit<P2pOptions, 'tuning'>> & { tuning?: Partial<P2pTuning> } = {}): Promise<TestNode> {
    const shelf = new Shelf();
    this.#count += 1;
    const node = await P2pNode.start({
      keyFile: this.path(`key-${this.#count}`),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      peers: [],
      content: shelf,
      logger: pino({ level: process.env['P2P_LOG'] ?? 'silent' }),
      ...options,
      tuning: { ...TEST_TUNING, ...options.tuning },
    });
    this.#open.push(node);
    return { node, shelf, network: Reflect.get(node, 'network') as Network };
  }

  /** A peer that speaks libp2p, and otherwise does what the test wants. */
  async startRaw(): Promise<RawPeer> {
    const peer = await createLibp2p({
      privateKey: await generateKeyPair('Ed25519'),
      transports: [tcp()],
      connectionEncrypters: [noise()],
      // By default a stream that is paused may get more than it may hold, and resets itself.
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 1 << 20 } })],
      services: {
        identify: identify(),
        gossip: gossipsub({ globalSignaturePolicy: 'StrictNoSign', scoreParams: { IPColocationFactorWeight: 0 } }),
      },
    });
    this.#open.push({ close: async () => peer.stop() });
    return {
      id: peer.peerId.toString(),
      gossip: peer.services.gossip as Gossip,
      network: peer as unknown as Network,
      dial: (node) => peer.dial(multiaddr(node.addresses()[0])),
    };
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#open.map((node) => node.close()));
    // libp2p leaves timers behind, of a second at the most; a test worker that ends before them is called a leak.
    await sleep(1_100);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

export interface TestNode {
  readonly node: P2pNode;
  readonly shelf: Shelf;
  readonly network: Network;
}

export interface RawPeer {
  readonly id: string;
  readonly gossip: Gossip;
  readonly network: Network;
  dial(node: P2pNode): Promise<Connection>;
}

/** Patient: a machine that others use, too, may stand still for seconds. */
export async function until(condition: () => boolean, what: string, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(5);
  }
}

/** Nobody dials again by itself here, and a handshake fails when the machine stands still meanwhile. */
const LINK_TRIES = 4;
const LINK_MS = 20_000;

/** Connected, and in each other's mesh. */
export async function link(a: TestNode, b: TestNode): Promise<void> {
  const meshed = (from: TestNode, to: TestNode): boolean =>
    [TOPIC_NAME.checkpoint, TOPIC_NAME.evidence].every((topic) =>
      gossipOf(from.network)?.getMeshPeers(topic).includes(to.node.peerId),
    );
  for (let tries = LINK_TRIES; ; tries -= 1) {
    try {
      await a.node.connect(b.node.addresses()[0] ?? '');
      return await until(() => meshed(a, b) && meshed(b, a), 'the mesh', LINK_MS);
    } catch (error) {
      if (tries <= 1) throw error;
    }
  }
}
