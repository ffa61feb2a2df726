import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { peerIdOf, placeOf } from './network-address.js';
import type { PeerBook } from './peer-book.js';
import type { P2pTuning } from './tuning.js';

/** Connections of one peer: two that dial each other at once hold two, and dead ones take time to be noticed. */
const CONNECTIONS_PER_PEER = 4;

/**
 * Who may connect. Reserved peers always, whatever strangers do; strangers while there are open places and none of them
 * has too many. Nobody who is denied.
 */
export class Gater implements ConnectionGater {
  /** Inbound connections by host, from the first byte on. */
  readonly #byHost = new Map<string, number>();
  /** Inbound connections that were admitted, and of whom. libp2p lists a connection too late to count with. */
  readonly #admitted = new Map<MultiaddrConnection, { readonly peer: string; readonly host: string }>();

  constructor(
    private readonly book: PeerBook,
    private readonly tuning: Pick<P2pTuning, 'maxPerIp' | 'openInbound'>,
  ) {}

  denyDialPeer = (peer: PeerId): boolean => this.book.isDenied(peer.toString());

  denyDialMultiaddr = (address: Multiaddr): boolean => {
    const peer = peerIdOf(address);
    return peer !== undefined && this.book.isDenied(peer);
  };

  denyOutboundEncryptedConnection = (peer: PeerId): boolean => this.book.isDenied(peer.toString());

  /** Before the handshake: no host may have so many that others find no place to shake hands. */
  denyInboundConnection = (connection: MultiaddrConnection): boolean => {
    // One that has gone already would never be counted off.
    if (connection.status !== 'open') return true;
    const host = placeOf(connection.remoteAddr);
    const count = this.#byHost.get(host) ?? 0;
    // Twice as many, because we can't know yet which of them are of reserved peers.
    if (count >= this.tuning.maxPerIp * 2) return true;
    this.#byHost.set(host, count + 1);
    connection.addEventListener(
      'close',
      () => {
        const left = (this.#byHost.get(host) ?? 1) - 1;
        if (left > 0) this.#byHost.set(host, left);
        else this.#byHost.delete(host);
      },
      { once: true },
    );
    return false;
  };

  /** After the handshake, which proves the peer ID. */
  denyInboundEncryptedConnection = (peerId: PeerId, connection: MultiaddrConnection): boolean => {
    const peer = peerId.toString();
    const host = placeOf(connection.remoteAddr);
    if (connection.status !== 'open' || this.book.isDenied(peer)) return true;
    const admitted = [...this.#admitted.values()];
    if (admitted.filter((other) => other.peer === peer).length >= CONNECTIONS_PER_PEER) return true;
    if (!this.book.isReserved(peer)) {
      const strangers = admitted.filter((other) => !this.book.isReserved(other.peer));
      if (strangers.length >= this.tuning.openInbound) return true;
      if (strangers.filter((other) => other.host === host).length >= this.tuning.maxPerIp) return true;
      if (this.book.isHostDenied(host)) return true;
    }
    this.#admitted.set(connection, { peer, host });
    connection.addEventListener('close', () => this.#admitted.delete(connection), { once: true });
    return false;
  };
}
