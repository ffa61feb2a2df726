import type { Connection, PeerId } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Logger } from 'pino';
import type { AddressBook, KnownPeer } from './address-book.js';
import { DeadStreams } from './dead-streams.js';
import type { P2pMetrics } from './metrics.js';
import { hostOf, parseAddress, peerIdOf } from './network-address.js';
import { closeAll, connectionsByPeer, gossipOf, hasGossipStream, scoreOf, type Network } from './network.js';
import { choosePeersToDial } from './open-peers.js';
import { P2pError } from './p2p-error.js';
import type { Conduct } from './conduct.js';
import type { PeerBook } from './peer-book.js';
import { Redialer } from './redialer.js';
import { Silence } from './silence.js';
import { TOPICS, TOPIC_NAME } from './topics.js';
import type { Traffic } from './traffic.js';
import type { P2pTuning } from './tuning.js';

const GOSSIP_PROTOCOL = '/meshsub/';

export interface SupervisorOptions {
  readonly network: Network;
  readonly book: PeerBook;
  readonly addresses: AddressBook;
  readonly traffic: Traffic;
  readonly reservedHosts: Set<string>;
  readonly conduct: Conduct;
  readonly cutOff: (peer: string, why: string) => void;
  /** Called in each round. */
  readonly onRound: () => void;
  readonly metrics: P2pMetrics;
  readonly logger: Logger;
  readonly tuning: P2pTuning;
  /** Aborted when the node closes. */
  readonly signal: AbortSignal;
}

/** Keeps the node connected, and its connections healthy, round by round. libp2p has no such thing. */
export class Supervisor {
  readonly #redialers = new Map<string, Redialer>();
  readonly #gossipers = new Set<string>();
  readonly #failures = new Map<string, { count: number; notBefore: number }>();
  readonly #deadStreams: DeadStreams;
  readonly #silence: Silence;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: SupervisorOptions) {
    const { deadStreamMs, silentMs, supervisorMs } = options.tuning;
    this.#deadStreams = new DeadStreams(deadStreamMs);
    this.#silence = new Silence(Math.ceil(silentMs / supervisorMs));
  }

  start(): void {
    const { network, signal } = this.options;
    network.addEventListener('connection:open', ({ detail }) => this.#opened(detail), { signal });
    // Those that were quicker than we.
    for (const connection of network.getConnections()) this.#opened(connection);
    network.addEventListener('peer:disconnect', ({ detail }) => this.#lost(detail), { signal });
    network.addEventListener(
      'peer:identify',
      ({ detail }) => {
        const peer = detail.peerId.toString();
        if (detail.protocols.some((protocol) => protocol.startsWith(GOSSIP_PROTOCOL))) this.#gossipers.add(peer);
        this.#learn(peer, detail.connection, detail.listenAddrs.map(String));
      },
      { signal },
    );
    signal.addEventListener('abort', () => {
      clearInterval(this.#timer);
      for (const redialer of this.#redialers.values()) redialer.close();
    });
    this.#timer = setInterval(() => {
      try {
        this.#round();
      } catch (error) {
        // The next round is worth more than this one's reason.
        this.options.logger.error({ err: error }, 'a round of the supervisor failed');
      }
    }, this.options.tuning.supervisorMs);
    this.#fillOpenPlaces();
  }

  /** From now on the peer at this address is kept connected. The promise is that of the first try. @throws P2pError */
  reserve(address: string): Promise<void> {
    const target = parseAddress(address);
    const id = peerIdOf(target);
    if (id !== undefined) this.options.book.reserve(address, id);
    const host = hostOf(target);
    if (host !== undefined) this.options.reservedHosts.add(host);
    let redialer = this.#redialers.get(address);
    if (redialer === undefined) {
      redialer = new Redialer({
        dial: () => this.#dialReserved(address),
        isConnected: () => this.#isReservedConnected(address),
        tuning: this.options.tuning,
      });
      this.#redialers.set(address, redialer);
    }
    return redialer.dial();
  }

  /** The peer is no longer kept connected, and not dialled again. */
  release(peer: string): void {
    for (const address of this.options.book.addressesOf(peer)) {
      this.#redialers.get(address)?.close();
      this.#redialers.delete(address);
    }
    this.options.book.unreserve(peer);
    this.options.addresses.forget(peer);
  }

  #round(): void {
    this.#cutOffTheWorst();
    this.#giveUpTheSilent();
    for (const redialer of this.#redialers.values()) redialer.check();
    this.#repairStreams();
    this.#fillOpenPlaces();
    this.#measure();
    void this.options.addresses.save();
    this.options.onRound();
  }

  #cutOffTheWorst(): void {
    const { book, metrics, tuning } = this.options;
    for (const peer of connectionsByPeer(this.options.network).keys()) {
      const score = scoreOf(this.options.network, book, peer);
      metrics.score.observe(score);
      if (score < tuning.scoreLimit) this.options.cutOff(peer, 'score');
    }
  }

  /** Those that are to be kept are dialled again as they are lost. */
  #giveUpTheSilent(): void {
    const open = [...connectionsByPeer(this.options.network).values()].flat();
    for (const connection of this.#silence.round(open, (one) => this.options.traffic.takeHeard(one))) {
      const peer = connection.remotePeer.toString();
      this.options.logger.info({ peer }, 'nothing comes in from a peer any more: its connection is given up');
      this.options.metrics.silent.inc();
      connection.abort(new P2pError('not-connected', 'nothing came in any more'));
    }
  }

  #repairStreams(): void {
    if (gossipOf(this.options.network) === undefined) return;
    const connections = connectionsByPeer(this.options.network);
    const gossipers = [...connections].filter(([peer]) => this.#gossipers.has(peer));
    const state = new Map(gossipers.map(([peer, held]) => [peer, hasGossipStream(held)]));
    for (const peer of this.#deadStreams.round(state)) {
      this.options.logger.info({ peer }, 'the gossip stream is dead: connecting anew');
      this.options.metrics.repairs.inc();
      this.options.conduct.note(peer, 'stalled');
      void this.#reconnect(peer, connections.get(peer) ?? []);
    }
  }

  async #reconnect(peer: string, connections: readonly Connection[]): Promise<void> {
    const address =
      connections.find(({ direction }) => direction === 'outbound')?.remoteAddr.toString() ??
      this.options.addresses.get(peer)?.address;
    await closeAll(connections);
    const reserved = this.options.book.addressesOf(peer)[0];
    const redialer = reserved === undefined ? undefined : this.#redialers.get(reserved);
    if (redialer !== undefined) await redialer.dial().catch(() => undefined);
    else if (address !== undefined) await this.#dial(address).catch(() => undefined);
  }

  #fillOpenPlaces(): void {
    const { addresses, book, tuning } = this.options;
    for (const id of this.#failures.keys()) if (addresses.get(id) === undefined) this.#failures.delete(id);
    const connections = connectionsByPeer(this.options.network);
    const outboundHosts = [...connections]
      .filter(([peer, held]) => !book.isReserved(peer) && held.some(({ direction }) => direction === 'outbound'))
      .map(([, [connection]]) => (connection === undefined ? undefined : hostOf(connection.remoteAddr)));
    const candidates = choosePeersToDial(
      {
        known: addresses.all(),
        isConnected: (peer) => connections.has(peer) || peer === this.options.network.peerId.toString(),
        isDenied: (peer) => book.isDenied(peer),
        isReserved: (peer) => book.isReserved(peer),
        outboundHosts,
        notBefore: (peer) => this.#failures.get(peer)?.notBefore ?? 0,
        now: performance.now(),
        random: Math.random,
      },
      tuning,
    );
    for (const candidate of candidates) void this.#tryKnown(candidate);
  }

  async #tryKnown({ id, address }: KnownPeer): Promise<void> {
    const { redialMinMs, redialMaxMs } = this.options.tuning;
    const count = this.#failures.get(id)?.count ?? 0;
    // Before the dial, so that the next round doesn't try it once more meanwhile.
    const waitMs = Math.min(redialMinMs * 2 ** count, redialMaxMs) + this.options.tuning.dialTimeoutMs;
    this.#failures.set(id, { count: count + 1, notBefore: performance.now() + waitMs });
    await this.#dial(address).then(
      () => this.#failures.delete(id),
      (error: unknown) => this.options.logger.debug({ err: error, peer: id }, 'a known peer does not answer'),
    );
  }

  async #dialReserved(address: string): Promise<void> {
    const peer = await this.#dial(address);
    this.options.book.reserve(address, peer);
  }

  async #dial(address: string): Promise<string> {
    const { network, signal, tuning } = this.options;
    try {
      const connection = await network.dial(parseAddress(address), {
        signal: AbortSignal.any([signal, AbortSignal.timeout(tuning.dialTimeoutMs)]),
      });
      return connection.remotePeer.toString();
    } catch (cause) {
      if (cause instanceof P2pError) throw cause;
      throw new P2pError('not-connected', `${address} can't be reached: ${(cause as Error).message}`, { cause });
    }
  }

  #isReservedConnected(address: string): boolean {
    const peer = this.options.book.reservedAt(address);
    return peer !== undefined && connectionsByPeer(this.options.network).has(peer);
  }

  #opened(connection: Connection): void {
    const peer = connection.remotePeer.toString();
    this.options.traffic.watch(connection);
    // Not one that was denied while it shook hands.
    if (this.options.book.isDenied(peer)) connection.abort(new P2pError('limited', 'this peer is denied'));
    else if (connection.direction === 'outbound') {
      this.options.addresses.learned(peer, connection.remoteAddr.toString(), true);
    }
  }

  /** An address that an inbound peer names counts only with the host that it came from: nobody sends us to others. */
  #learn(peer: string, connection: Connection, named: readonly string[]): void {
    if (connection.direction !== 'inbound') return;
    const host = hostOf(connection.remoteAddr);
    const address = named
      .flatMap(readAddress)
      .find((listen) => hostOf(listen) === host && [undefined, peer].includes(peerIdOf(listen)));
    if (address === undefined) return;
    const complete = peerIdOf(address) === undefined ? address.encapsulate(`/p2p/${peer}`) : address;
    this.options.addresses.learned(peer, complete.toString(), false);
  }

  #lost(peerId: PeerId): void {
    const peer = peerId.toString();
    this.#gossipers.delete(peer);
    for (const address of this.options.book.addressesOf(peer)) this.#redialers.get(address)?.check();
    // Strangers come and go; libp2p would keep what it knows of each for ever.
    if (this.options.addresses.get(peer) === undefined && !this.options.book.isReserved(peer)) {
      void this.options.network.peerStore.delete(peerId).catch(() => undefined);
    }
  }

  #measure(): void {
    const { book, metrics, network } = this.options;
    metrics.denied.set(book.deniedCount());
    metrics.peers.reset();
    for (const kind of ['configured', 'witness', 'open-inbound', 'open-outbound'] as const)
      metrics.peers.set({ kind }, 0);
    for (const [peer, [connection]] of connectionsByPeer(this.options.network)) {
      const open = connection?.direction === 'inbound' ? 'open-inbound' : 'open-outbound';
      const kind = book.isConfigured(peer) ? 'configured' : book.isReserved(peer) ? 'witness' : open;
      metrics.peers.inc({ kind });
    }
    for (const topic of TOPICS) {
      metrics.mesh.set({ topic }, gossipOf(network)?.getMeshPeers(TOPIC_NAME[topic]).length ?? 0);
    }
  }
}

/** What a stranger names comes in bytes, and there are bytes whose text nobody can read. A listener that throws ends the process. */
function readAddress(text: string): Multiaddr[] {
  try {
    return [parseAddress(text)];
  } catch {
    return [];
  }
}
