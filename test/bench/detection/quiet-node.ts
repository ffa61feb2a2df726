import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SqliteEventStore, type EventStore } from '#libs/event-store';
import { openSignedHeads } from '#libs/evidence';
import { FixedLogs, Gossip, Observer } from '#libs/gossip';
import { KEY_TYPE, type VerifierKey } from '#libs/note';
import { formatPeerBinding } from '#libs/p2p';
import { createLogger } from '#libs/server';
import { LOOPBACK_TUNING } from '../../equivocation/witnesses.js';
import { ed25519Signer } from '../../note-signers.js';
import { clockMs } from './clock.js';

/** No links but those that were chosen, and no exchange after the first: what gossip alone needs is what is measured. */
export const GOSSIP_ONLY = { openOutbound: 0, syncIntervalMs: 3_600_000, syncJitterMs: 0 } as const;

const DAY_MS = 24 * 60 * 60_000;
const PING = '/tallystick/bench-ping/1';

/**
 * All that a witness has of gossip: what it holds, its store on disk, its key, its place in the network. It has no HTTP, and
 * cosigns nothing.
 */
export class QuietNode {
  private constructor(
    readonly key: VerifierKey,
    readonly observer: Observer,
    readonly gossip: Gossip,
    private readonly store: EventStore,
  ) {
    gossip.node.handle(PING, async (body) => body);
  }

  /** Both callbacks get the time, by `clockMs`: of a head that was new to it, of evidence that is on its disk. */
  static async start(
    folder: string,
    logKeys: readonly VerifierKey[],
    onHead: (at: number) => void,
    onEvidence: (at: number) => void,
  ): Promise<QuietNode> {
    await mkdir(folder);
    const logs = new FixedLogs(logKeys.map((key) => ({ origin: key.name, keys: [key], sources: [] })));
    const store = await SqliteEventStore.open({ path: join(folder, 'events.sqlite') });
    const logger = createLogger('node', { write: () => undefined });
    const observer = await Observer.open({
      store,
      evidenceDirectory: join(folder, 'evidence'),
      logs,
      witnesses: [],
      storeAnchors: false,
      logger,
      onVerdict: (kind, verdict) => {
        if (kind === 'checkpoint' && verdict === 'accept') onHead(clockMs());
      },
      onEvidence: () => onEvidence(clockMs()),
    });
    const { key, sign } = ed25519Signer(`${folder.replaceAll(/[^a-z0-9]/gi, '-')}.example`, KEY_TYPE.cosignature);
    const validity = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
    const p2p = {
      keyFile: join(folder, 'p2p.key'),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      peers: [],
      binding: (peerId: string, addresses: readonly string[]) =>
        formatPeerBinding({ witness: key, peerId, addresses, ...validity }, sign),
      tuning: { ...LOOPBACK_TUNING, ...GOSSIP_ONLY },
      logger,
    };
    return new QuietNode(key, observer, await Gossip.start({ observer, logs, p2p }), store);
  }

  get address(): string {
    return this.gossip.node.addresses()[0] ?? '';
  }

  /** A head that it has known for long. */
  hold(origin: string, note: Uint8Array): void {
    this.observer.restore(origin, note);
  }

  /** Publishes a head; gives the time before. */
  async publish(note: Uint8Array, key: VerifierKey): Promise<number> {
    const [head] = openSignedHeads(note, [key]);
    if (head === undefined) throw new Error(`${key.name} has not signed its own head`);
    this.hold(key.name, note);
    const began = clockMs();
    await this.gossip.node.publish('checkpoint', head.note);
    return began;
  }

  /** Half of the time that one question to a peer takes. */
  async pingMs(): Promise<number> {
    const peers = this.gossip.peers();
    const peer = peers[Math.floor(Math.random() * peers.length)];
    if (peer === undefined) throw new Error('a node has no peer');
    const began = clockMs();
    await this.gossip.node.request(peer.id, PING, new Uint8Array(8));
    return (clockMs() - began) / 2;
  }

  async stop(): Promise<void> {
    await this.gossip.close();
    await this.observer.close();
    await this.store.close();
  }
}
