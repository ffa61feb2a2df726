import type { P2pNode } from './node.js';
import type { P2pOptions } from './options.js';

/**
 * libp2p takes a quarter of a second and 40 MB to load, so this alone loads it: whoever only checks an address or signs a
 * binding does not pay for it. @throws P2pError invalid-key-file, invalid-address, cannot-listen
 */
export async function startNode(options: P2pOptions): Promise<P2pNode> {
  const { P2pNode } = await import('./node.js');
  return P2pNode.start(options);
}
