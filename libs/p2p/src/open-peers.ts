import type { KnownPeer } from './address-book.js';
import { hostOf, networkPrefix, parseAddress } from './network-address.js';
import type { P2pTuning } from './tuning.js';

/** Dials of one round. */
const DIALS_PER_ROUND = 4;

export interface OpenPeersState {
  readonly known: readonly KnownPeer[];
  readonly isConnected: (peer: string) => boolean;
  readonly isDenied: (peer: string) => boolean;
  /** Reserved peers take no open place and no place of their network. */
  readonly isReserved: (peer: string) => boolean;
  /** Hosts of the strangers that we dialled and are connected to. */
  readonly outboundHosts: readonly (string | undefined)[];
  /** Not before this moment, after failures. */
  readonly notBefore: (peer: string) => number;
  readonly now: number;
  /** In 0..1. */
  readonly random: () => number;
}

/**
 * Which known peers to dial: at random, no more than there are open places, and few of one network, so that nobody who has
 * one network has all of our places.
 */
export function choosePeersToDial(
  state: OpenPeersState,
  tuning: Pick<P2pTuning, 'openOutbound' | 'openOutboundPerPrefix'>,
): KnownPeer[] {
  const prefixes = new Map<string, number>();
  const count = (prefix: string): number => prefixes.get(prefix) ?? 0;
  for (const host of state.outboundHosts) {
    const prefix = networkPrefix(host ?? '');
    prefixes.set(prefix, count(prefix) + 1);
  }
  let places = tuning.openOutbound - state.outboundHosts.length;
  const chosen: KnownPeer[] = [];
  const shuffled = state.known
    .filter(({ id }) => !state.isConnected(id) && !state.isDenied(id) && state.notBefore(id) <= state.now)
    .map((peer) => ({ peer, order: state.random() }))
    .toSorted((a, b) => a.order - b.order);
  for (const { peer } of shuffled) {
    if (chosen.length === DIALS_PER_ROUND) break;
    if (!state.isReserved(peer.id)) {
      const prefix = networkPrefix(hostOf(parseAddress(peer.address)) ?? '');
      if (places <= 0 || count(prefix) >= tuning.openOutboundPerPrefix) continue;
      prefixes.set(prefix, count(prefix) + 1);
      places -= 1;
    }
    chosen.push(peer);
  }
  return chosen;
}
