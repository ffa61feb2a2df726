import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNode, type GossipContent, type P2pNode } from '#libs/p2p';
import { createLogger } from '#libs/server';
import { LOOPBACK_TUNING, until } from './witnesses.js';

/** Holds nothing, and takes everything. */
const NOTHING: GossipContent = {
  receive: () => 'ignore',
  ids: () => [],
  get: async () => undefined,
  receiveSynced: async () => 'ignore',
};

/** A stranger that says a lot. As it neither holds nor passes on anything, it is also a peer that relays nothing. */
export class Flooder {
  private constructor(
    private readonly node: P2pNode,
    private readonly folder: string,
  ) {}

  static async start(peers: readonly string[]): Promise<Flooder> {
    const folder = await mkdtemp(join(tmpdir(), 'tally-stranger-'));
    const node = await startNode({
      keyFile: join(folder, 'key'),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      peers,
      content: NOTHING,
      tuning: LOOPBACK_TUNING,
      logger: createLogger('stranger', { write: () => undefined }),
    });
    await until('the stranger is connected', () => node.peers().filter(({ gossip }) => gossip).length >= peers.length);
    return new Flooder(node, folder);
  }

  get address(): string {
    return this.node.addresses()[0] ?? '';
  }

  async publish(note: Uint8Array): Promise<void> {
    await this.node.publish('checkpoint', note);
  }

  async stop(): Promise<void> {
    await this.node.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
