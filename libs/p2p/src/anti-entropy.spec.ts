import { afterAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stream } from '@libp2p/interface';
import { u32, u16, concatBytes } from '#libs/crypto';
import { P2pError } from './p2p-error.js';
import { SYNC_PROTOCOL, encodeSyncFrame, type SyncFrame } from './sync-codec.js';
import { TestNodes, link, until, type RawPeer, type TestNode } from './testing/nodes.js';
import { message } from './testing/shelf.js';

const nodes = new TestNodes();
afterAll(() => nodes.closeAll());

async function pair(tuning = {}): Promise<[TestNode, TestNode]> {
  return [await nodes.start({ tuning }), await nodes.start({ tuning })];
}

describe('anti-entropy', () => {
  test('each side gets what it lacks as soon as they are connected', async () => {
    const [a, b] = await pair();
    a.shelf.put('checkpoint', message('accept', 'of a'));
    b.shelf.put('evidence', message('accept', 'of b'));
    await a.node.connect(b.node.addresses()[0]!);
    await until(() => a.shelf.items.size === 2 && b.shelf.items.size === 2, 'both');
    expect(synced(a)).toMatchObject([{ kind: 'evidence', sender: { peer: b.node.peerId } }]);
    expect(synced(b)).toMatchObject([{ kind: 'checkpoint', sender: { peer: a.node.peerId } }]);
  });

  test('what there was no room for is asked for again, and what was of no use is not', async () => {
    const [a, b] = await pair();
    await link(a, b);
    a.shelf.put('checkpoint', message('accept', 'for later'));
    a.shelf.put('checkpoint', message('ignore', 'of no use'));
    b.shelf.full = true;
    await b.node.syncWith(a.node.peerId);
    b.shelf.full = false;
    await b.node.syncWith(a.node.peerId);
    expect(b.shelf.texts()).toEqual(['for later']);
    await b.node.syncWith(a.node.peerId);
    await b.node.syncWith(a.node.peerId);
    expect(synced(b)).toHaveLength(4);
  });

  test('a partition of six nodes heals over one link', async () => {
    const { left, right } = await partitioned({});
    await link(left[0]!, right[0]!);
    await until(() => [...left, ...right].every(({ shelf }) => shelf.items.size === 2), 'both histories');
  });

  test('without it gossip never repairs history', async () => {
    const { left, right } = await partitioned({ sync: false });
    await link(left[0]!, right[0]!);
    await left[0]!.node.publish('checkpoint', message('accept', 'new'));
    await until(() => right.every(({ shelf }) => shelf.texts().includes('new')), 'a new message');
    await sleep(1_000);
    expect(right.map(({ shelf }) => shelf.texts().includes('left'))).toEqual([false, false, false]);
    expect(left.map(({ shelf }) => shelf.texts().includes('right'))).toEqual([false, false, false]);
  });

  test('40,000 items that differ in three are compared in one exchange', async () => {
    const [a, b] = await pair();
    for (let at = 0; at < 40_000; at += 1) {
      const data = message('accept', `item ${at}`);
      a.shelf.put('checkpoint', data);
      b.shelf.put('checkpoint', data);
    }
    a.shelf.put('checkpoint', message('accept', 'only a'));
    b.shelf.put('checkpoint', message('accept', 'only b'));
    b.shelf.put('evidence', message('accept', 'only b, too'));
    await a.node.connect(b.node.addresses()[0]!);
    await until(() => a.shelf.items.size === 40_003 && b.shelf.items.size === 40_003, 'three items');
    expect(synced(a).length + synced(b).length).toBe(3);
  });

  test('a node that begins with nothing gets 20,000 items, in several exchanges', async () => {
    const [a, b] = await pair();
    for (let at = 0; at < 20_000; at += 1) b.shelf.put('checkpoint', message('accept', `item ${at}`));
    await a.node.connect(b.node.addresses()[0]!);
    await until(() => a.shelf.items.size === 20_000, 'everything');
  });

  test('new items are published on, cosigned ones are not', async () => {
    const [a, b, c] = [await nodes.start(), await nodes.start(), await nodes.start({ tuning: { sync: false } })];
    await link(b, c);
    a.shelf.put('evidence', message('accept', 'evidence'));
    a.shelf.put('cosigned', message('accept', 'cosigned'));
    await a.node.connect(b.node.addresses()[0]!);
    await until(() => b.shelf.items.size === 2 && c.shelf.items.size === 1, 'the evidence at the third node');
    await sleep(100);
    expect(c.shelf.received).toMatchObject([{ via: 'gossip', kind: 'evidence', sender: { peer: b.node.peerId } }]);
  });

  test('it comes around by itself', async () => {
    const [a, b] = await pair({ syncIntervalMs: 150, syncJitterMs: 50 });
    await link(a, b);
    await sleep(100);
    a.shelf.put('cosigned', message('accept', 'later'));
    await until(() => b.shelf.texts().includes('later'), 'the next round');
  });

  test('what is not taken is not asked for again', async () => {
    const [a, b] = await pair();
    a.shelf.put('checkpoint', message('ignore', 'of a log that b does not know'));
    await link(a, b);
    await until(() => b.shelf.received.length === 1, 'the item');
    await a.node.syncWith(b.node.peerId);
    await b.node.syncWith(a.node.peerId);
    expect(b.shelf.received).toHaveLength(1);
  });

  test('whoever begins too often is cut off, unless its place is reserved', async () => {
    const a = await nodes.start({ tuning: { syncPerPeerPerMinute: 1 } });
    const [stranger, ours] = [await nodes.start(), await nodes.start()];
    await link(stranger, a);
    await a.node.connect(ours.node.addresses()[0]!);
    const begin = async ({ node }: typeof ours): Promise<void> => {
      for (let at = 0; at < 100; at += 1) await node.syncWith(a.node.peerId).catch(() => undefined);
    };
    await Promise.all([begin(stranger), begin(ours)]);
    await until(() => a.node.peers().length === 1, 'the end of one of them');
    expect(a.node.peers()[0]).toMatchObject({ id: ours.node.peerId, score: 0 });
  });

  test('exchanges with a peer are limited, and it is told so', async () => {
    const [a, b] = await pair({ syncPerPeerPerMinute: 3 });
    await link(a, b);
    const runs = [];
    for (let at = 0; at < 6; at += 1)
      runs.push(
        await a.node.syncWith(b.node.peerId).then(
          () => 'ok',
          (e: P2pError) => e.code,
        ),
      );
    expect(runs.filter((run) => run === 'limited').length).toBeGreaterThanOrEqual(3);
    expect(b.node.peers()[0]?.score).toBeGreaterThan(-10);
  });
});

describe('hostile exchanges', () => {
  const hello: SyncFrame = { type: 'hello', binding: new Uint8Array(), digests: new Uint8Array(256 * 8).fill(7) };
  const all = new Set(Array.from({ length: 256 }, (_, bucket) => bucket));

  test.each<[string, Uint8Array[]]>([
    ['garbage', [Buffer.from('GET / HTTP/1.1\r\n\r\n')]],
    ['an unknown frame', [framed(Uint8Array.of(99))]],
    ['a frame of 4 GiB', [Uint8Array.of(0xff, 0xff, 0xff, 0xff)]],
    ['a frame in the wrong place', [framed(encodeSyncFrame({ type: 'done' }))]],
    ['a cut hello', [framed(Uint8Array.of(1, 0, 0, 1, 2, 3))]],
    ['a binding of 60,000 bytes', [framed(concatBytes(Uint8Array.of(1), u16(60_000), new Uint8Array(62_048)))]],
    [
      'a million IDs',
      [sync(hello), framed(concatBytes(Uint8Array.of(2), new Uint8Array(32).fill(255), u32(1_000_000)))],
    ],
    [
      'IDs of no offered bucket',
      [
        sync(hello),
        sync({ type: 'offer', buckets: new Set([1]), count: 1 }),
        sync({ type: 'ids', ids: ['00'.repeat(24)] }),
      ],
    ],
    [
      'more IDs than announced',
      [
        sync(hello),
        sync({ type: 'offer', buckets: all, count: 1 }),
        sync({ type: 'ids', ids: ['00'.repeat(24), '01'.repeat(24)] }),
      ],
    ],
    [
      'the same ID twice',
      [
        sync(hello),
        sync({ type: 'offer', buckets: all, count: 2 }),
        sync({ type: 'ids', ids: ['01'.repeat(24), '01'.repeat(24)] }),
      ],
    ],
    [
      'no IDs, for ever',
      [sync(hello), sync({ type: 'offer', buckets: all, count: 2 }), sync({ type: 'ids', ids: [] })],
    ],
    [
      'items that nobody wanted',
      [
        sync(hello),
        sync({ type: 'offer', buckets: all, count: 0 }),
        sync({ type: 'items', items: [{ id: '00'.repeat(24), kind: 'checkpoint', data: message('accept', 'x') }] }),
      ],
    ],
    [
      'a wish for what was not offered',
      [sync(hello), sync({ type: 'offer', buckets: all, count: 0 }), sync({ type: 'want', ids: ['00'.repeat(24)] })],
    ],
  ])('%s ends the exchange and lowers the score', async (_, bytes) => {
    const a = await nodes.start();
    a.shelf.put('checkpoint', message('accept', 'one'));
    const raw = await nodes.startRaw();
    const stream = await openSync(raw, a);
    for (const part of bytes) send(stream, part);
    await until(() => (a.node.peers()[0]?.score ?? 0) <= -20 || a.node.peers().length === 0, 'a lower score');
    expect(a.shelf.received).toEqual([]);
  });

  test('whoever violates the protocol again and again is cut off', async () => {
    const a = await nodes.start();
    const raw = await nodes.startRaw();
    await raw.dial(a.node);
    await until(() => a.node.peers().length === 1, 'the peer');
    for (let at = 0; at < 20 && a.node.peers().length > 0; at += 1) {
      const stream = await openSync(raw, a).catch(() => undefined);
      if (stream !== undefined) send(stream, framed(Uint8Array.of(99)));
      await sleep(20);
    }
    await until(() => a.node.peers().length === 0, 'the end of the connection');
  });

  test('a peer that stalls is cut off in time', async () => {
    const a = await nodes.start({ tuning: { syncTimeoutMs: 200, syncSessionMs: 600_000 } });
    const raw = await nodes.startRaw();
    const stream = await openSync(raw, a);
    send(stream, Uint8Array.of(0, 0));
    await until(() => stream.status !== 'open', 'the end of the stream');
  });

  test('a peer that sends byte by byte is cut off in time', async () => {
    const a = await nodes.start({ tuning: { syncTimeoutMs: 300, syncSessionMs: 600_000 } });
    const raw = await nodes.startRaw();
    const stream = await openSync(raw, a);
    const dripping = setInterval(() => send(stream, Uint8Array.of(0)), 20);
    await until(() => stream.status !== 'open', 'the end of the stream').finally(() => clearInterval(dripping));
  });

  test('a peer that never reads costs one frame, and is cut off', async () => {
    const a = await nodes.start({ tuning: { syncTimeoutMs: 300 } });
    for (let at = 0; at < 600; at += 1) a.shelf.put('checkpoint', message('accept', `${at} `.padEnd(16_000, 'x')));
    const raw = await nodes.startRaw();
    const stream = await openSync(raw, a);
    stream.addEventListener('message', () => undefined);
    send(stream, sync(hello));
    send(stream, sync({ type: 'offer', buckets: all, count: 0 }));
    await sleep(100);
    stream.pause();
    send(stream, sync({ type: 'want', ids: [...a.shelf.items.keys()].toSorted() }));
    const memory = process.memoryUsage().arrayBuffers;
    await until(() => (a.node.peers()[0]?.score ?? -1) < 0, 'a lower score, or the end');
    expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(16 << 20);
  });

  function framed(body: Uint8Array): Uint8Array {
    return concatBytes(u32(body.length), body);
  }

  function sync(frame: SyncFrame): Uint8Array {
    return framed(encodeSyncFrame(frame));
  }

  function send(stream: Stream, bytes: Uint8Array): void {
    try {
      stream.send(bytes);
    } catch {
      // Closed by the other side: as it should be.
    }
  }

  async function openSync(raw: RawPeer, { node }: TestNode): Promise<Stream> {
    const connection = await raw.dial(node);
    return connection.newStream(SYNC_PROTOCOL);
  }
});

/** Without what came back by gossip: new items are published to all, their giver included. */
function synced({ shelf }: TestNode): readonly { kind: string }[] {
  return shelf.received.filter(({ via }) => via === 'sync');
}

/** Two groups of three that never met; each has one message from before. */
async function partitioned(tuning: { sync?: boolean }): Promise<{ left: TestNode[]; right: TestNode[] }> {
  const groups = { left: [] as TestNode[], right: [] as TestNode[] };
  for (const [name, group] of Object.entries(groups)) {
    for (let at = 0; at < 3; at += 1) group.push(await nodes.start({ tuning }));
    await link(group[0]!, group[1]!);
    await link(group[1]!, group[2]!);
    const data = message('accept', name);
    group[0]!.shelf.put('checkpoint', data);
    await group[0]!.node.publish('checkpoint', data);
    await until(() => group.every(({ shelf }) => shelf.items.size === 1), 'the message in its half');
  }
  return groups;
}
