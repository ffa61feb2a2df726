import { setTimeout as delay } from 'node:timers/promises';
import { generateKeyPair } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import type { Victim } from './victim.js';

export const GOSSIP = '/meshsub/1.2.0';
export const TOPIC = { checkpoint: '/tallystick/checkpoint/1', evidence: '/tallystick/evidence/1' } as const;

let addresses = 0;

/** A source address that nobody has used: all of 127/8 is this machine. */
export function freshAddress(): string {
  addresses += 1;
  return `127.${1 + ((addresses >> 15) % 200)}.${(addresses >> 7) & 255}.${1 + (addresses & 127)}`;
}

/** A peer that gets through the handshakes with real libp2p, and then writes whatever it wants on its streams. */
export class HostilePeer {
  #connection: Connection | undefined;
  #beganAt = 0;
  #cutOffAt: number | undefined;

  private constructor(
    private readonly node: Libp2p,
    private readonly victim: Victim,
  ) {}

  static async start(
    victim: Victim,
    { from = freshAddress(), gossips = true, reads = true }: { from?: string; gossips?: boolean; reads?: boolean } = {},
  ): Promise<HostilePeer> {
    const node = await createLibp2p({
      privateKey: await generateKeyPair('Ed25519'),
      // The types leave out what Node's sockets take.
      transports: [tcp({ dialOpts: { localAddress: from } as object })],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux({ maxOutboundStreams: 10_000, maxInboundStreams: 1_000 })],
      connectionMonitor: { enabled: false },
      services: { identify: identify() },
    });
    if (gossips) {
      await node.handle(GOSSIP, (stream) => {
        if (reads) stream.addEventListener('message', () => undefined);
        else stream.pause();
      });
    }
    return new HostilePeer(node, victim);
  }

  get id(): string {
    return this.node.peerId.toString();
  }

  get connection(): Connection {
    if (this.#connection === undefined) throw new Error('not connected');
    return this.#connection;
  }

  get connected(): boolean {
    return this.#connection?.status === 'open';
  }

  /** Milliseconds from the first hostile byte to the end of the connection. */
  get cutOffAfter(): number | undefined {
    return this.#cutOffAt === undefined ? undefined : this.#cutOffAt - this.#beganAt;
  }

  async connect(): Promise<this> {
    this.#connection = await this.node.dial(multiaddr(this.victim.address));
    this.#beganAt = performance.now();
    this.#connection.addEventListener('close', () => (this.#cutOffAt ??= performance.now()), { once: true });
    return this;
  }

  /** Whether the victim takes it back: a denied peer is let go after the handshake. */
  async isDenied(): Promise<boolean> {
    try {
      const connection = await this.node.dial(multiaddr(this.victim.address), { force: true });
      for (let i = 0; i < 600 && connection.status === 'open'; i += 1) await delay(50);
      const denied = connection.status !== 'open';
      connection.abort(new Error('only asking'));
      return denied;
    } catch {
      return true;
    }
  }

  open(protocol: string): Promise<Stream> {
    return this.connection.newStream(protocol, { signal: AbortSignal.timeout(60_000) });
  }

  /** Sends RPCs on a gossip stream until they are all sent or the connection is gone; says how many were. */
  async gossip(rpcs: Iterable<Uint8Array>): Promise<number> {
    const stream = await this.open(GOSSIP).catch(() => undefined);
    let sent = 0;
    for (const rpc of rpcs) {
      if (stream === undefined || !this.connected) break;
      try {
        await write(stream, withLength(rpc), this.connection);
      } catch {
        break; // closed, as it should be
      }
      sent += 1;
    }
    return sent;
  }

  async close(): Promise<void> {
    await this.node.stop();
  }
}

/** Waits where the other side is slow. */
export async function write(stream: Stream, bytes: Uint8Array, connection: Connection): Promise<void> {
  if (stream.send(bytes)) {
    await new Promise((resolve) => setImmediate(resolve));
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const done = (): void => {
      stream.removeEventListener('drain', done);
      stream.removeEventListener('close', done);
      connection.removeEventListener('close', done);
      if (stream.status === 'open' && connection.status === 'open') resolve();
      else reject(new Error('closed'));
    };
    stream.addEventListener('drain', done);
    stream.addEventListener('close', done);
    connection.addEventListener('close', done);
  });
}

/** A gossipsub RPC of messages without authors, by hand: protobuf fields `publish` 2, `data` 2, `topic` 4. */
export function rpcOf(topic: string, messages: readonly Uint8Array[]): Uint8Array {
  const name = Buffer.from(topic);
  return Buffer.concat(
    messages.flatMap((data) => {
      const body = Buffer.concat([field(2, data), field(4, name)]);
      return [field(2, body)];
    }),
  );
}

/** One that subscribes to a topic: `subscriptions` 1, `subscribe` 1, `topic` 2. */
export function subscription(topic: string): Uint8Array {
  return field(1, Buffer.concat([Buffer.of(8, 1), field(2, Buffer.from(topic))]));
}

/** IWANT for these message IDs: `control` 3, `iwant` 2, `messageIDs` 1. */
export function iwant(ids: readonly Uint8Array[]): Uint8Array {
  return field(3, field(2, Buffer.concat(ids.map((id) => field(1, id)))));
}

export function withLength(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([varint(bytes.length), bytes]);
}

function field(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** RPCs of `perRpc` messages each. */
export function* inRpcs(topic: string, messages: Iterable<Uint8Array>, perRpc = 20): Generator<Uint8Array> {
  let batch: Uint8Array[] = [];
  for (const message of messages) {
    batch.push(message);
    if (batch.length < perRpc) continue;
    yield rpcOf(topic, batch);
    batch = [];
  }
  if (batch.length > 0) yield rpcOf(topic, batch);
}
