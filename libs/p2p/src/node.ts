import type { Topic } from './content.js';
import type { P2pOptions, PeerStatus, RequestHandler, RequestOptions } from './options.js';
import { P2pError } from './p2p-error.js';

/** A node of the network: gossip, anti-entropy, requests. */
export class P2pNode {
  readonly peerId: string = '';

  static start(_options: P2pOptions): Promise<P2pNode> {
    return Promise.reject(new P2pError('closed', 'this node does not start yet'));
  }

  /** Multiaddrs that others can dial, each with `/p2p/<peer ID>`. */
  addresses(): string[] {
    return [];
  }

  peers(): PeerStatus[] {
    return [];
  }

  async publish(_topic: Topic, _data: Uint8Array): Promise<void> {}
  async connect(_address: string): Promise<void> {}
  async disconnect(_peer: string): Promise<void> {}
  async syncWith(_peer: string): Promise<void> {}
  handle(_protocol: string, _handler: RequestHandler): void {}
  request(_peer: string, _protocol: string, _body: Uint8Array, _options?: RequestOptions): Promise<Uint8Array> {
    return Promise.reject(new P2pError('closed', 'this node does not start yet'));
  }
  async close(): Promise<void> {}
}
