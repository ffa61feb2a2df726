import type { Connection } from '@libp2p/interface';
import { AddressBook } from './address-book.js';
import { AntiEntropy } from './anti-entropy.js';
import { openPeerBinding } from './binding.js';
import { Conduct } from './conduct.js';
import type { Topic } from './content.js';
import { Gater } from './gater.js';
import { openNodeKey } from './key-file.js';
import { P2pMetrics } from './metrics.js';
import { checkAddress, parseAddress, peerIdOf, placeOf } from './network-address.js';
import {
  closeAll,
  connectionsByPeer,
  createNetwork,
  gossipOf,
  hasGossipStream,
  scoreOf,
  startNetwork,
  type Network,
} from './network.js';
import type { P2pOptions, PeerStatus, RequestHandler, RequestOptions } from './options.js';
import { P2pError } from './p2p-error.js';
import { PeerBook } from './peer-book.js';
import { Requests } from './requests.js';
import { Supervisor } from './supervisor.js';
import { MAX_BYTES, TOPIC_NAME } from './topics.js';
import { Traffic } from './traffic.js';
import { DEFAULT_TUNING, type P2pTuning } from './tuning.js';
import { Validator } from './validator.js';

/** libp2p's stop() has hung before. */
const STOP_MS = 5_000;
const BINDING_RENEWAL_MS = 24 * 60 * 60_000;

/** A node of the network: gossip, anti-entropy, requests. Knows bytes only; what they mean is its content's business. */
export class P2pNode {
  readonly peerId: string;
  readonly #closing = new AbortController();
  readonly #tuning: P2pTuning;
  readonly #validator: Validator | undefined;
  readonly #metrics: P2pMetrics;
  readonly #requests: Requests;
  readonly #supervisor: Supervisor;
  readonly #antiEntropy: AntiEntropy | undefined;
  #binding: Uint8Array = new Uint8Array();
  #closed: Promise<void> | undefined;

  private constructor(
    private readonly options: P2pOptions,
    private readonly network: Network,
    private readonly book: PeerBook,
    private readonly known: AddressBook,
    parts: Parts,
  ) {
    const { signal } = this.#closing;
    const { logger, content } = options;
    const { tuning, metrics, conduct, reservedHosts, validator } = parts;
    this.#tuning = tuning;
    this.#validator = validator;
    this.#metrics = metrics;
    this.peerId = network.peerId.toString();
    this.#requests = new Requests({ network, book, metrics, logger, tuning, signal });
    this.#antiEntropy =
      content === undefined
        ? undefined
        : new AntiEntropy({
            network,
            content,
            book,
            conduct,
            binding: () => this.#binding,
            onBinding: (peer, note) => this.#bind(peer, note),
            publish: (topic, data) => this.publish(topic, data),
            metrics,
            logger,
            tuning,
            signal,
          });
    const traffic = new Traffic(book, conduct, tuning);
    this.#supervisor = new Supervisor({
      network,
      book,
      traffic,
      addresses: known,
      reservedHosts,
      conduct,
      cutOff: (peer, why) => this.#cutOff(peer, why),
      onRound: () => {
        validator?.forgetIdle();
        traffic.forgetIdle();
        this.#antiEntropy?.forgetIdle();
      },
      metrics,
      logger,
      tuning,
      signal,
    });
    parts.late.cutOff = (peer, why) => this.#cutOff(peer, why);
  }

  /** @throws P2pError invalid-key-file, invalid-address, cannot-listen */
  static async start(options: P2pOptions): Promise<P2pNode> {
    const tuning: P2pTuning = { ...DEFAULT_TUNING, ...options.tuning };
    for (const address of [...options.listen, ...(options.announce ?? []), ...options.peers]) checkAddress(address);
    const privateKey = await openNodeKey(options.keyFile);
    const known = await AddressBook.open(options.peersFile, options.logger);
    const book = new PeerBook(tuning);
    const expected = options.expected ?? [];
    for (const peer of expected) book.expect(peer);
    const metrics = new P2pMetrics(options.registry);
    // The node that cuts off is made last.
    const late: Parts['late'] = { cutOff: () => undefined };
    const conduct = new Conduct(book, (peer, why) => late.cutOff(peer, why));
    const validator = options.content && new Validator(options.content, book, conduct, metrics, options.logger, tuning);
    const reservedHosts = new Set<string>();
    const network = await createNetwork({
      privateKey,
      listen: options.listen,
      ...(options.announce && { announce: options.announce }),
      gater: new Gater(book, tuning),
      book,
      reservedHosts,
      reservedPeers: options.peers.length + expected.length + (options.witnesses?.length ?? 0),
      ...(validator && { validator }),
      tuning,
    });
    const node = new P2pNode(options, network, book, known, {
      tuning,
      metrics,
      conduct,
      reservedHosts,
      ...(validator && { validator }),
      late,
    });
    try {
      await node.#begin();
    } catch (error) {
      await node.close();
      throw error;
    }
    return node;
  }

  /** Multiaddrs that others can dial, each with `/p2p/<peer ID>`. */
  addresses(): string[] {
    return this.network.getMultiaddrs().map(String);
  }

  /** Connected peers, each once. */
  peers(): PeerStatus[] {
    return [...connectionsByPeer(this.network)].flatMap(([id, held]) => {
      const [connection] = held;
      if (connection === undefined) return [];
      const witness = this.book.witnessOf(id);
      return {
        id,
        address: connection.remoteAddr.toString(),
        direction: connection.direction,
        ...(witness && { witness }),
        score: scoreOf(this.network, this.book, id),
        gossip: hasGossipStream(held),
        reserved: this.book.isReserved(id),
        since: new Date(connection.timeline.open),
      };
    });
  }

  /**
   * To every peer that we are connected to, and on from there. What was published or seen before is not sent again, nor are
   * more checkpoints than others would take. @throws P2pError too-large, closed
   */
  async publish(topic: Topic, data: Uint8Array): Promise<void> {
    const gossip = gossipOf(this.network);
    if (gossip === undefined || this.#closing.signal.aborted) throw new P2pError('closed', 'this node does not gossip');
    if (data.length > MAX_BYTES[topic]) {
      throw new P2pError('too-large', `${topic} of ${data.length} bytes, over ${MAX_BYTES[topic]}`);
    }
    if (this.#validator?.mayPublish(topic) === false) return;
    await gossip.publish(TOPIC_NAME[topic], data);
    this.#metrics.published.inc({ topic });
  }

  /** Adds the address to the reserved ones. Rejects if the first try fails; others follow all the same. @throws P2pError */
  async connect(address: string): Promise<void> {
    await this.#supervisor.reserve(address);
  }

  /** Closes the connections to a peer, and doesn't dial it again: it is no longer reserved. */
  async disconnect(peer: string): Promise<void> {
    this.#supervisor.release(peer);
    await closeAll(connectionsByPeer(this.network).get(peer) ?? []);
  }

  /** One anti-entropy exchange with a connected peer, in both directions. @throws P2pError */
  async syncWith(peer: string): Promise<void> {
    if (this.#antiEntropy === undefined) throw new P2pError('closed', 'this node does not gossip');
    const { outcome } = await this.#antiEntropy.syncWith(peer);
    if (outcome === 'busy') throw new P2pError('limited', `${peer} has too much to do`);
  }

  /** Answers requests on a protocol of its own, such as `/tallystick/add-checkpoint/1`: at most 128 KiB each way. */
  handle(protocol: string, handler: RequestHandler): void {
    this.#requests.handle(protocol, handler).catch((error: unknown) => {
      this.options.logger.error({ err: error, protocol }, 'a protocol could not be registered');
    });
  }

  /** Asks a peer, by its ID: connected, or known by an address. @throws P2pError; what `signal` was aborted with */
  async request(
    peer: string,
    protocol: string,
    body: Uint8Array,
    { signal, timeoutMs = this.#tuning.requestTimeoutMs }: RequestOptions = {},
  ): Promise<Uint8Array> {
    const began = performance.now();
    const connection = await this.#connectionTo(peer, signal, timeoutMs);
    const left = Math.max(1, Math.ceil(timeoutMs - (performance.now() - began)));
    return this.#requests.request(connection, protocol, body, { timeoutMs: left, ...(signal && { signal }) });
  }

  /** Ends everything; returns after 5 seconds at the latest. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #begin(): Promise<void> {
    for (const { id, binding } of this.known.all()) {
      if (binding !== undefined) this.#bind(id, Buffer.from(binding, 'base64'));
    }
    await this.#antiEntropy?.start();
    await startNetwork(this.network);
    await this.#renewBinding();
    this.#supervisor.start();
    for (const address of this.options.peers) {
      this.#supervisor.reserve(address).catch((error: unknown) => {
        this.options.logger.info({ err: error, address }, 'a configured peer does not answer yet');
      });
    }
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.known.save();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(resolve, STOP_MS, 'late');
    });
    const stopped = Promise.resolve(this.network.stop()).then(
      () => 'stopped',
      (error: unknown) => this.options.logger.warn({ err: error }, 'libp2p did not stop cleanly'),
    );
    if ((await Promise.race([stopped, late])) === 'late') this.options.logger.warn('libp2p did not stop in time');
    clearTimeout(timer);
  }

  /** A binding has an end; this process may have none. */
  async #renewBinding(): Promise<void> {
    const { binding } = this.options;
    if (typeof binding !== 'function') {
      this.#binding = binding ?? this.#binding;
      return;
    }
    this.#binding = await binding(this.peerId, this.addresses());
    const renewal = setInterval(() => {
      binding(this.peerId, this.addresses()).then(
        (note) => (this.#binding = note),
        (error: unknown) => this.options.logger.warn({ err: error }, 'the peer binding could not be renewed'),
      );
    }, BINDING_RENEWAL_MS).unref();
    this.#closing.signal.addEventListener('abort', () => clearInterval(renewal), { once: true });
  }

  /** Takes note of whose peer this is. A binding that doesn't hold is not held against it: we may know other witnesses. */
  #bind(peer: string, note: Uint8Array): void {
    try {
      const witnesses = this.options.witnesses ?? [];
      const binding = openPeerBinding(note, { witnesses, peerId: peer, at: new Date() });
      this.book.bind(binding, note);
      const [address] = binding.addresses.map((text) => parseAddress(text));
      if (this.known.get(peer) === undefined && address !== undefined) {
        const complete = peerIdOf(address) === undefined ? address.encapsulate(`/p2p/${peer}`) : address;
        this.known.learned(peer, complete.toString(), false);
      }
      this.known.bound(peer, note);
    } catch (error) {
      this.options.logger.debug({ err: error, peer }, 'a peer binding does not count');
    }
  }

  #cutOff(peer: string, why: string): void {
    const connections = connectionsByPeer(this.network).get(peer) ?? [];
    const [connection] = connections;
    this.book.deny(peer, connection === undefined ? undefined : placeOf(connection.remoteAddr));
    this.#metrics.cutOff.inc({ reason: why });
    this.#metrics.denied.set(this.book.deniedCount());
    this.options.logger.warn({ peer, why, address: connection?.remoteAddr.toString() }, 'a peer was cut off');
    for (const open of connections) open.abort(new P2pError('limited', `this peer is denied: ${why}`));
  }

  async #connectionTo(peer: string, signal: AbortSignal | undefined, timeoutMs: number): Promise<Connection> {
    // The newest: an older one may be dead, and nobody knows yet.
    const connection = connectionsByPeer(this.network).get(peer)?.at(-1);
    if (connection !== undefined) return connection;
    const address = this.book.addressesOf(peer)[0] ?? this.known.get(peer)?.address;
    if (address === undefined)
      throw new P2pError('not-connected', `${peer} is not connected, and nobody said where it is`);
    const limits = [this.#closing.signal, AbortSignal.timeout(Math.ceil(timeoutMs)), ...(signal ? [signal] : [])];
    try {
      return await this.network.dial(parseAddress(address), { signal: AbortSignal.any(limits) });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new P2pError('not-connected', `${address} can't be reached: ${(cause as Error).message}`, { cause });
    }
  }
}

interface Parts {
  readonly tuning: P2pTuning;
  readonly metrics: P2pMetrics;
  readonly conduct: Conduct;
  readonly reservedHosts: Set<string>;
  readonly validator?: Validator;
  readonly late: { cutOff: (peer: string, why: string) => void };
}
