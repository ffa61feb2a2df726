import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Arena } from './arena.js';
import { fate, times } from './gossip-attacks.js';
import { HostilePeer, freshAddress, write } from './hostile-peer.js';

const PATIENCE_MS = 60_000;
/** Handshakes side by side: less than what the victim lets wait. */
const AT_ONCE = 8;
const IDLE_MS = 500;

/** Connections that begin with `opening`, and say no more; `perAddress` of them from each address. */
export async function connections(
  arena: Arena,
  { count, perAddress, opening, holdMs }: { count: number; perAddress: number; opening: Uint8Array; holdMs: number },
): Promise<string> {
  const sockets: Socket[] = [];
  let [opened, closed, address] = [0, 0, ''];
  try {
    for (let i = 0; i < count; i += 1) {
      if (i % perAddress === 0) address = freshAddress();
      const socket = connect({ host: '127.0.0.1', port: arena.victim.port, localAddress: address });
      socket.on('connect', () => {
        opened += 1;
        if (opening.length > 0) socket.write(opening);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => (closed += 1));
      socket.resume();
      sockets.push(socket);
      if (i % 100 === 99) await delay(5);
    }
    await delay(holdMs);
    const peersBack = await reconnects(arena);
    return `${opened} opened, ${closed} closed by the victim after ${holdMs} ms; ${peersBack}`;
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** Whether an honest peer has its connection, or gets it back. */
async function reconnects(arena: Arena): Promise<string> {
  const [, peer] = arena.peers;
  if (peer === undefined) throw new Error('no peer');
  const connected = async (): Promise<boolean> => (await peer.status()).peers.length === 1;
  for (const end = performance.now() + PATIENCE_MS; !(await connected()) && performance.now() < end;) await delay(20);
  return (await connected()) ? 'honest peers kept' : 'an honest peer LOST';
}

/** multistream-select, the wish for noise, and the length of a message that never comes. */
export const HALF_A_HANDSHAKE = Buffer.concat([
  Buffer.from('\x13/multistream/1.0.0\n', 'latin1'),
  Buffer.from('\x07/noise\n', 'latin1'),
  Buffer.of(0, 32),
]);

/** Peers that prove who they are, take a place each, and do nothing. There are only so many `places`. */
export async function idlers(arena: Arena, peers: number, places: number): Promise<string> {
  const all = await Promise.all(times(peers, () => HostilePeer.start(arena.victim, { gossips: false })));
  try {
    for (let i = 0; i < peers; i += AT_ONCE) {
      await Promise.allSettled(all.slice(i, i + AT_ONCE).map((peer) => peer.connect()));
    }
    const have = (): number => all.filter((peer) => isConnected(peer)).length;
    for (const end = performance.now() + PATIENCE_MS; have() > places && performance.now() < end;) await delay(20);
    await delay(IDLE_MS);
    return `${peers} came, ${have()} have a place`;
  } finally {
    await Promise.all(all.map((peer) => peer.close()));
  }
}

function isConnected(peer: HostilePeer): boolean {
  try {
    return peer.connection.status === 'open';
  } catch {
    return false;
  }
}

/** Streams, one after the other and many at once, each given up as soon as it is open. */
export async function streams(arena: Arena, protocol: string, atOnce: number, seconds: number): Promise<string> {
  const peer = await (await HostilePeer.start(arena.victim)).connect();
  const until = performance.now() + seconds * 1_000;
  let opened = 0;
  try {
    await Promise.all(
      [...times(atOnce, () => 0)].map(async () => {
        while (performance.now() < until && peer.connected) {
          try {
            const stream = await peer.connection.newStream(protocol, { signal: AbortSignal.timeout(1_000) });
            opened += 1;
            stream.abort(new Error('no more of it'));
          } catch {
            await delay(1);
          }
        }
      }),
    );
    return await fate(arena, peer, `${opened} streams`);
  } finally {
    await peer.close();
  }
}

/** Pings without end on one stream: the answer to a ping is as long as the ping. */
export async function pings(arena: Arena, seconds: number): Promise<string> {
  const peer = await (await HostilePeer.start(arena.victim)).connect();
  const until = performance.now() + seconds * 1_000;
  let sent = 0;
  try {
    while (performance.now() < until && peer.connected) {
      try {
        const stream = await peer.open('/ipfs/ping/1.0.0');
        stream.addEventListener('message', () => undefined);
        while (performance.now() < until) {
          await write(stream, Buffer.alloc(32 * 256), peer.connection);
          sent += 256;
        }
      } catch {
        await delay(1);
      }
    }
    return await fate(arena, peer, `${sent} pings`);
  } finally {
    await peer.close();
  }
}
