import { join } from 'node:path';

/** What is where in the data directory. */
export function eventStorePath(directory: string): string {
  return join(directory, 'events.sqlite');
}

export function evidencePath(directory: string): string {
  return join(directory, 'evidence');
}

/** The key of the libp2p node, and the addresses of peers that have worked. */
export function nodeKeyPath(directory: string): string {
  return join(directory, 'p2p.key');
}

export function peersPath(directory: string): string {
  return join(directory, 'peers.json');
}
