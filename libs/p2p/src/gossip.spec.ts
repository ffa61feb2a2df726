import { afterAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { concatBytes } from '#libs/crypto';
import { gossipOf } from './network.js';
import { TestNodes, link, until } from './testing/nodes.js';
import { message } from './testing/shelf.js';
import { MAX_BYTES, MAX_RPC_BYTES, TOPIC_NAME } from './topics.js';

const nodes = new TestNodes();
afterAll(() => nodes.closeAll());

describe('gossip', () => {
  test('a message reaches the other side with the peer that handed it over', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await link(a, b);
    await a.node.publish('checkpoint', message('accept', 'one'));
    await a.node.publish('evidence', message('accept', 'two'));
    await until(() => b.shelf.items.size === 2, 'two messages');
    expect(b.shelf.received.map(({ via, kind, sender }) => [via, kind, sender.peer])).toEqual([
      ['gossip', 'checkpoint', a.node.peerId],
      ['gossip', 'evidence', a.node.peerId],
    ]);
  });

  test('a copy with a bad signature does not keep the good message away', async () => {
    const [a, b, c] = [await nodes.start(), await nodes.start(), await nodes.start()];
    await link(a, b);
    await link(b, c);
    // Same body, another first byte: what a bad signature is to a real checkpoint.
    await a.node.publish('checkpoint', message('reject', 'poisoned'));
    await until(() => b.shelf.received.length === 1, 'the poison');
    await a.node.publish('checkpoint', message('accept', 'poisoned'));
    await until(() => c.shelf.texts().includes('poisoned'), 'the good message, two hops away');
    expect(c.shelf.received).toHaveLength(1);
  });

  test('what is ignored is not passed on and not held against anybody', async () => {
    const [a, b, c] = [await nodes.start(), await nodes.start(), await nodes.start()];
    await link(a, b);
    await link(b, c);
    for (let at = 0; at < 30; at += 1) await a.node.publish('checkpoint', message('ignore', `unknown ${at}`));
    await until(() => b.shelf.received.length === 30, 'thirty messages');
    await a.node.publish('checkpoint', message('accept', 'known'));
    await until(() => c.shelf.items.size === 1, 'the known one');
    expect(c.shelf.received).toHaveLength(1);
    expect(b.node.peers().find(({ id }) => id === a.node.peerId)?.score).toBe(0);
  });

  test('content that throws counts as ignored', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await link(a, b);
    b.shelf.receive = () => {
      throw new Error('a bug');
    };
    await a.node.publish('checkpoint', message('accept', 'boom'));
    Reflect.deleteProperty(b.shelf, 'receive');
    await sleep(50);
    await a.node.publish('checkpoint', message('accept', 'fine'));
    await until(() => b.shelf.texts().includes('fine'), 'the next message');
  });

  test('a message over its limit is refused by its sender, and rejected by whoever gets it', async () => {
    const a = await nodes.start();
    const raw = await nodes.startRaw();
    await expect(a.node.publish('checkpoint', new Uint8Array(MAX_BYTES.checkpoint + 1))).rejects.toMatchObject({
      code: 'too-large',
    });
    await raw.dial(a.node);
    await until(() => raw.gossip.getSubscribers(TOPIC_NAME.checkpoint).length === 1, 'a subscription');
    await raw.gossip.publish(TOPIC_NAME.checkpoint, new Uint8Array(MAX_BYTES.checkpoint + 1).fill(1));
    await until(() => (a.node.peers()[0]?.score ?? 0) < 0, 'a lower score');
    expect(a.shelf.received).toHaveLength(0);
  });
});

describe('hostile peers', () => {
  test('whoever floods with rejected messages is disconnected, denied, and heard no more', async () => {
    const registry = new Registry();
    const a = await nodes.start({ registry });
    const raw = await nodes.startRaw();
    await raw.dial(a.node);
    await until(() => raw.gossip.getSubscribers(TOPIC_NAME.checkpoint).length === 1, 'a subscription');
    for (let at = 0; at < 2_000 && raw.network.getConnections().length > 0; at += 1) {
      await raw.gossip.publish(TOPIC_NAME.checkpoint, message('reject', `flood ${at}`)).catch(() => undefined);
      if (at % 100 === 0) await sleep(1);
    }
    await until(() => a.node.peers().length === 0, 'the end of the connection');
    expect(a.shelf.received.length).toBeLessThan(10);
    // The refusal comes after the handshake, so the dial itself may end well.
    await raw.dial(a.node).catch(() => undefined);
    await until(() => raw.network.getConnections().length === 0, 'the refusal');
    expect(a.node.peers()).toEqual([]);
    await until(() => gossipOf(a.network)!.getPeers().length === 0, 'gossipsub to forget it');
    const text = await registry.metrics();
    expect(text).toContain('tally_p2p_cut_off_total{reason="rejected"} 1');
    expect(text).toContain('tally_p2p_denied_peers 1');
  });

  test('a few rejected messages are enough for the next round of the supervisor', async () => {
    const registry = new Registry();
    const a = await nodes.start({ registry });
    const raw = await nodes.startRaw();
    await raw.dial(a.node);
    await until(() => raw.gossip.getSubscribers(TOPIC_NAME.checkpoint).length === 1, 'a subscription');
    for (let at = 0; at < 3; at += 1) await raw.gossip.publish(TOPIC_NAME.checkpoint, message('reject', `bad ${at}`));
    await until(() => a.node.peers().length === 0, 'the end of the connection');
    expect(await registry.metrics()).toContain('tally_p2p_cut_off_total{reason="score"} 1');
  });

  test('a denied peer may come back when its time is over', async () => {
    const a = await nodes.start({ tuning: { denyMs: 300 } });
    const raw = await nodes.startRaw();
    await raw.dial(a.node);
    await until(() => raw.gossip.getSubscribers(TOPIC_NAME.checkpoint).length === 1, 'a subscription');
    for (let at = 0; at < 20; at += 1) {
      await raw.gossip.publish(TOPIC_NAME.checkpoint, message('reject', `bad ${at}`)).catch(() => undefined);
    }
    await until(() => a.node.peers().length === 0, 'the end of the connection');
    await sleep(400);
    await raw.dial(a.node);
    await until(() => a.node.peers().length === 1, 'the peer again');
  });

  test('an RPC over the limit is never held, and others are served on', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await link(b, a);
    const raw = await nodes.startRaw();
    const connection = await raw.dial(a.node);
    const stream = await connection.newStream(['/meshsub/1.1.0', '/meshsub/1.2.0']);
    // An unsigned varint of 64 MiB, and as much of it as goes.
    stream.send(Uint8Array.of(0x80, 0x80, 0x80, 0x20));
    try {
      for (let sent = 0; sent < MAX_RPC_BYTES * 2; sent += 65_536) stream.send(new Uint8Array(65_536));
    } catch {
      // The other side may have closed it already.
    }
    await b.node.publish('checkpoint', message('accept', 'still here'));
    await until(() => a.shelf.texts().includes('still here'), 'a message of another peer');
  });

  test('more messages than anybody may send are not validated', async () => {
    const a = await nodes.start({ tuning: { messagesPerSecond: 1, messagesBurst: 5 } });
    const raw = await nodes.startRaw();
    await raw.dial(a.node);
    await until(() => raw.gossip.getSubscribers(TOPIC_NAME.checkpoint).length === 1, 'a subscription');
    for (let at = 0; at < 300; at += 1) {
      await raw.gossip.publish(TOPIC_NAME.checkpoint, message('ignore', `noise ${at}`)).catch(() => undefined);
    }
    await until(() => a.node.peers().length === 0, 'the end of the connection');
    expect(a.shelf.received.length).toBeLessThan(10);
  });

  test('whoever opens streams without end is cut off, whatever they are for', async () => {
    const a = await nodes.start({ tuning: { streamsPerSecond: 1, streamsBurst: 20 } });
    const raw = await nodes.startRaw();
    const connection = await raw.dial(a.node);
    for (let at = 0; at < 1_000 && connection.status === 'open'; at += 1) {
      await connection.newStream('/nobody/speaks/this').catch(() => undefined);
    }
    await until(() => connection.status !== 'open', 'the end of the connection');
    await until(() => a.node.peers().length === 0, 'the end of the connection on the other side');
  });

  test('whoever sends bytes without end is cut off, even if they are one message again and again', async () => {
    const a = await nodes.start({ tuning: { bytesPerSecond: 1_000, bytesBurst: 100_000 } });
    const raw = await nodes.startRaw();
    const connection = await raw.dial(a.node);
    const stream = await connection.newStream(['/meshsub/1.1.0', '/meshsub/1.2.0']);
    // An RPC with one field that gossipsub doesn't know, of 10,000 bytes.
    const rpc = concatBytes(Uint8Array.of(0x94, 0x4e, 0x7a, 0x91, 0x4e), new Uint8Array(10_001));
    for (let at = 0; at < 20_000 && connection.status === 'open'; at += 1) {
      if (stream.status === 'open') stream.send(rpc);
      await sleep(0);
    }
    await until(() => a.node.peers().length === 0, 'the end of the connection');
    expect(a.shelf.received).toHaveLength(0);
  });
});

describe('what a node passes on', () => {
  test('is no more than others take, however much it is given, but evidence always is', async () => {
    const tolerant = { messagesBurst: 10_000 };
    const slow = {
      ...tolerant,
      relayedPerSecond: 0.001,
      relayedBurst: 10,
      publishedPerSecond: 0.001,
      publishedBurst: 5,
    };
    const [a, b, c] = [
      await nodes.start({ tuning: tolerant }),
      await nodes.start({ tuning: slow }),
      await nodes.start({ tuning: tolerant }),
    ];
    await link(a, b);
    await link(b, c);
    for (let at = 0; at < 30; at += 1) await a.node.publish('checkpoint', message('accept', `head ${at}`));
    await until(() => b.shelf.items.size === 30, 'thirty heads');
    await b.node.publish('evidence', message('accept', 'proof'));
    await until(() => c.shelf.texts().includes('proof'), 'the evidence');
    expect(c.shelf.received.filter(({ kind }) => kind === 'checkpoint')).toHaveLength(10);
    for (let at = 0; at < 10; at += 1) await b.node.publish('checkpoint', message('accept', `its own ${at}`));
    await until(() => c.shelf.received.length === 16, 'what it may publish');
    await sleep(50);
    expect(c.shelf.received).toHaveLength(16);
  });
});
