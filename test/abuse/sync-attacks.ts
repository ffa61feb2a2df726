import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Stream } from '@libp2p/interface';
import { formatAddCheckpointRequest } from '#libs/tlog';
import type { Arena } from './arena.js';
import { fate, times } from './gossip-attacks.js';
import { HostilePeer, write } from './hostile-peer.js';

const SYNC = '/tallystick/sync/1';
/** More than are worked on: what is refused counts, too, and needs nothing of a machine that may be slow. */
const AT_ONCE = 32;
const ADD_CHECKPOINT = '/tallystick/add-checkpoint/1';

// The frames of /tallystick/sync/1, by hand: uint32 length, type, value.
const frame = (type: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat([Buffer.of(type), ...parts]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
};
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const hello = frame(1, Buffer.of(0, 0), randomBytes(256 * 8));
const everything = Buffer.alloc(32, 0xff);
const offer = (count: number): Buffer => frame(2, everything, uint32(count));

const ID_BYTES = 24;
/** IDs in ascending order. */
const ids = (count: number, from = 0): Buffer =>
  Buffer.concat([
    ...times(count, (i) => {
      const id = Buffer.alloc(ID_BYTES);
      id.writeUInt32BE((from + i + 1) * 64);
      return id;
    }),
  ]);

/** A session of the protocol, as somebody holds it who means no good. `read` waits for the next bytes. */
type Session = (
  stream: Stream,
  send: (bytes: Uint8Array) => Promise<void>,
  read: () => Promise<Buffer>,
) => Promise<void>;

export const SESSIONS: Readonly<Record<string, Session>> = {
  'announces a million IDs': async (_stream, send, read) => {
    await send(hello);
    await read();
    await send(offer(1_000_000));
    await read();
  },
  'announces a frame of 4 GiB': async (_stream, send) => {
    await send(uint32(0xffff_ffff));
    for (;;) await send(randomBytes(64 * 1024));
  },
  'sends IDs that it did not announce': async (_stream, send, read) => {
    await send(hello);
    await read();
    await send(offer(10));
    for (let at = 0; ; at += 10_000) await send(frame(3, ids(10_000, at)));
  },
  'sends items without end': async (_stream, send, read) => {
    await send(hello);
    await read();
    await send(offer(0));
    await read();
    for (;;) await send(frame(5, randomBytes(ID_BYTES), Buffer.of(0), uint32(16_000), randomBytes(16_000)));
  },
  'wants what nobody offered': async (_stream, send, read) => {
    await send(hello);
    await read();
    await send(offer(0));
    await read();
    await send(frame(4, ids(8_192)));
    await read();
  },
  'offers 65,536 IDs of items that it has not': async (_stream, send, read) => {
    await send(hello);
    await read();
    await send(offer(65_536));
    for (let at = 0; at < 65_536; at += 16_384) await send(frame(3, ids(16_384, at)));
    await read();
    await send(frame(4));
    await read();
  },
  'stalls in the middle of a frame': async (_stream, send, read) => {
    await send(hello);
    await read();
    await send(offer(100).subarray(0, 10));
    await read();
  },
};

/** The same session again and again, as often as the victim lets it. */
export async function syncAbuse(arena: Arena, name: string, seconds: number): Promise<string> {
  const session = SESSIONS[name];
  if (session === undefined) throw new Error(name);
  const peer = await (await HostilePeer.start(arena.victim)).connect();
  const until = performance.now() + seconds * 1_000;
  let begun = 0;
  try {
    while (performance.now() < until && peer.connected) {
      begun += 1;
      await held(peer, session, until).catch(() => undefined);
      await delay(1);
    }
    return await fate(arena, peer, `${begun} sessions`);
  } finally {
    await peer.close();
  }
}

async function held(peer: HostilePeer, session: Session, until: number): Promise<void> {
  const stream = await peer.open(SYNC);
  const signal = AbortSignal.timeout(Math.max(1, Math.ceil(until - performance.now())));
  const send = async (bytes: Uint8Array): Promise<void> => {
    signal.throwIfAborted();
    await write(stream, bytes, peer.connection);
  };
  const read = (): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const end = (): void => reject(new Error('ended'));
      signal.addEventListener('abort', end);
      stream.addEventListener('close', end);
      stream.addEventListener('end', end);
      stream.addEventListener('message', ({ data }) => resolve(Buffer.from(data.subarray())), { once: true });
    });
  try {
    await session(stream, send, read);
  } finally {
    stream.abort(new Error('enough'));
  }
}

/** add-checkpoint over libp2p, as many at once as are taken, as fast as they are answered. */
export async function requests(arena: Arena, peers: number, seconds: number): Promise<string> {
  const all = await Promise.all(times(peers, () => HostilePeer.start(arena.victim)));
  const body = formatAddCheckpointRequest({ oldSize: 0n, proof: [], checkpoint: arena.log.note(1) });
  const request = Buffer.concat([uint32(body.length), body]);
  const until = performance.now() + seconds * 1_000;
  let [answered, refused] = [0, 0];
  const ask = async (peer: HostilePeer): Promise<void> => {
    const stream = await peer.open(ADD_CHECKPOINT);
    const answer = new Promise<Buffer>((resolve, reject) => {
      stream.addEventListener('message', ({ data }) => resolve(Buffer.from(data.subarray())), { once: true });
      stream.addEventListener('close', () => reject(new Error('closed')));
    });
    try {
      await Promise.all([write(stream, request, peer.connection), answer]);
      if ((await answer)[4] === 0) answered += 1;
      else refused += 1;
    } finally {
      stream.abort(new Error('enough'));
    }
  };
  try {
    await Promise.all(all.map((peer) => peer.connect()));
    await Promise.all(
      all.flatMap((peer) =>
        [...times(AT_ONCE, () => 0)].map(async () => {
          while (performance.now() < until && peer.connected) await ask(peer).catch(() => delay(1));
        }),
      ),
    );
    const [first] = all;
    const said = `${answered} answered, ${refused} refused`;
    return first === undefined ? said : await fate(arena, first, said);
  } finally {
    await Promise.all(all.map((peer) => peer.close()));
  }
}
