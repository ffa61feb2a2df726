import { afterAll, describe, expect, test } from '@jest/globals';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { multiaddr } from '@multiformats/multiaddr';
import { hasGossipStream } from './network.js';
import { TestNodes, link, until, type TestNode } from './testing/nodes.js';
import { message } from './testing/shelf.js';

const nodes = new TestNodes();
afterAll(() => nodes.closeAll());

function port({ node }: TestNode): string {
  return /\/tcp\/(\d+)\//.exec(node.addresses()[0]!)![1]!;
}

const LOOPBACK_TCP = Buffer.from([4, 127, 0, 0, 1, 6, 0x1f, 0x90]);

/** A component of an address with a value of any length: code, length, value. */
function component(code: number, value: string): Buffer {
  const length = value.length < 128 ? [value.length] : [(value.length & 127) | 128, value.length >> 7];
  return Buffer.concat([Buffer.from([code, ...length]), Buffer.from(value)]);
}

describe('the node key', () => {
  test('a node keeps its ID over a restart, in a file that only it can read', async () => {
    const keyFile = nodes.path('kept');
    const first = await nodes.start({ keyFile });
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    await first.node.close();
    const second = await nodes.start({ keyFile });
    expect(second.node.peerId).toBe(first.node.peerId);
  });

  test('a key file that others can read is refused', async () => {
    const keyFile = nodes.path('open');
    await (await nodes.start({ keyFile })).node.close();
    chmodSync(keyFile, 0o644);
    await expect(nodes.start({ keyFile })).rejects.toMatchObject({ code: 'invalid-key-file' });
  });

  test('a key file that holds something else is refused', async () => {
    const keyFile = nodes.path('garbage');
    writeFileSync(keyFile, 'not a key', { mode: 0o600 });
    await expect(nodes.start({ keyFile })).rejects.toMatchObject({ code: 'invalid-key-file' });
  });
});

describe('known peers', () => {
  test('a node finds after a restart whom it knew before, without being told', async () => {
    const peersFile = nodes.path('peers.json');
    const [a, b] = [await nodes.start({ peersFile }), await nodes.start()];
    await link(a, b);
    await a.node.close();
    expect(JSON.parse(readFileSync(peersFile, 'utf8'))).toMatchObject({ version: 1, peers: [{ id: b.node.peerId }] });
    const again = await nodes.start({ peersFile, tuning: { openOutbound: 1 } });
    await until(() => again.node.peers().length === 1, 'the known peer');
    expect(again.node.peers()).toMatchObject([{ id: b.node.peerId, reserved: false, direction: 'outbound' }]);
  });

  test('a corrupt peers file costs the known peers, not the start', async () => {
    const peersFile = nodes.path('corrupt.json');
    writeFileSync(peersFile, '{"version":1,"peers":[{"id":');
    const [a, b] = [await nodes.start({ peersFile }), await nodes.start()];
    await link(a, b);
    await a.node.close();
    expect(JSON.parse(readFileSync(peersFile, 'utf8'))).toMatchObject({ peers: [{ id: b.node.peerId }] });
  });

  test('an inbound peer is remembered by an address that it named with its own host', async () => {
    const peersFile = nodes.path('inbound.json');
    const [a, b] = [await nodes.start({ peersFile }), await nodes.start()];
    await link(b, a);
    await a.node.close();
    expect(JSON.parse(readFileSync(peersFile, 'utf8'))).toMatchObject({
      peers: [{ id: b.node.peerId, dialled: false, address: b.node.addresses()[0] }],
    });
  });

  test.each([
    // In bytes it is an address; in text it would name a protocol "b".
    ['that can not be written', Buffer.concat([LOOPBACK_TCP, component(54, 'a/b')])],
    ['that is too long to be kept', Buffer.concat([LOOPBACK_TCP, component(54, 'a'.repeat(1_000))])],
  ])('a peer that names an address %s costs neither the node nor its known peers', async (_, bytes) => {
    const peersFile = nodes.path(`named-${bytes.length}.json`);
    const [a, b] = [await nodes.start({ peersFile }), await nodes.start()];
    await link(a, b);
    const hostile = await nodes.startRaw();
    const { components } = hostile.network as unknown as { components: { addressManager: object } };
    Object.assign(components.addressManager, { getAddresses: () => [multiaddr(new Uint8Array(bytes))] });
    await hostile.dial(a.node);
    await sleep(500);
    expect(a.node.peers()).toHaveLength(2);
    await a.node.close();
    const again = await nodes.start({ peersFile, tuning: { openOutbound: 1 } });
    await until(() => again.node.peers().some(({ id }) => id === b.node.peerId), 'the known peer');
  });

  test('open places in one network are few', async () => {
    const peersFile = nodes.path('many.json');
    const others = [await nodes.start(), await nodes.start(), await nodes.start(), await nodes.start()];
    const peers = others.map(({ node }) => ({ id: node.peerId, address: node.addresses()[0], seen: 1, dialled: true }));
    writeFileSync(peersFile, JSON.stringify({ version: 1, peers }));
    const a = await nodes.start({ peersFile, tuning: { openOutbound: 8, openOutboundPerPrefix: 2 } });
    await until(() => a.node.peers().length === 2, 'two peers');
    await sleep(600);
    expect(a.node.peers()).toHaveLength(2);
  });
});

describe('reserved peers', () => {
  test('a reserved peer is dialled again after a long absence', async () => {
    const keyFile = nodes.path('absent');
    const b = await nodes.start({ keyFile });
    const listen = [`/ip4/127.0.0.1/tcp/${port(b)}`];
    // Without a peer ID: whoever is found there.
    const a = await nodes.start({ peers: listen, tuning: { redialMaxMs: 300 } });
    await until(() => a.node.peers().length === 1, 'the peer');
    await b.node.close();
    await until(() => a.node.peers().length === 0, 'its absence');
    await sleep(2_500);
    const again = await nodes.start({ keyFile, listen });
    await until(() => a.node.peers().length === 1, 'the peer again');
    expect(a.node.peers()).toMatchObject([{ id: again.node.peerId, reserved: true, direction: 'outbound' }]);
  });

  test('a reserved peer that is not there yet is found when it comes', async () => {
    const keyFile = nodes.path('later');
    const b = await nodes.start({ keyFile });
    const listen = [`/ip4/127.0.0.1/tcp/${port(b)}`];
    const peers = b.node.addresses();
    await b.node.close();
    const a = await nodes.start({ peers });
    await sleep(300);
    await nodes.start({ keyFile, listen });
    await until(() => a.node.peers().length === 1, 'the peer');
  });

  test('a peer that is disconnected on purpose is not dialled again', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await link(a, b);
    await a.node.disconnect(b.node.peerId);
    await sleep(600);
    expect(a.node.peers()).toEqual([]);
  });

  test('a configured address that is none stops the start', async () => {
    await expect(nodes.start({ peers: ['witness.example:1234'] })).rejects.toMatchObject({ code: 'invalid-address' });
  });

  test('a port that is taken stops the start, with one line that names it', async () => {
    const taken = (await nodes.start()).node.addresses()[0]!.replace(/\/p2p\/.*/, '');
    await expect(nodes.start({ listen: [taken] })).rejects.toMatchObject({
      code: 'cannot-listen',
      message: expect.stringMatching(new RegExp(`^cannot listen on ${taken}: .*EADDRINUSE.*$`)),
    });
  });

  test('strangers never take the places of reserved peers', async () => {
    const keyFile = nodes.path('reserved');
    const b = await nodes.start({ keyFile });
    const address = b.node.addresses()[0]!;
    await b.node.close();
    // Knows b, but can't reach it where it was: b comes by itself.
    const a = await nodes.start({ peers: [address], tuning: { openInbound: 2 } });
    const strangers = [await nodes.startRaw(), await nodes.startRaw(), await nodes.startRaw()];
    for (const stranger of strangers) await stranger.dial(a.node).catch(() => undefined);
    await until(
      () => strangers.filter(({ network }) => network.getConnections().length > 0).length === 2,
      'two of three',
    );
    const again = await nodes.start({ keyFile, peers: a.node.addresses() });
    const reserved = (): string[] => a.node.peers().flatMap((peer) => (peer.reserved ? [peer.id] : []));
    await until(() => reserved().length === 1, 'the reserved peer');
    expect(reserved()).toEqual([again.node.peerId]);
    expect(a.node.peers()).toHaveLength(3);
  });

  test('a peer that is expected has its place, wherever it calls from', async () => {
    const b = await nodes.start();
    const a = await nodes.start({ expected: [b.node.peerId], tuning: { openInbound: 1, maxPerIp: 1 } });
    const stranger = await nodes.startRaw();
    await stranger.dial(a.node);
    await b.node.connect(a.node.addresses()[0]!);
    await until(() => a.node.peers().length === 2, 'both');
    expect(a.node.peers().find(({ id }) => id === b.node.peerId)).toMatchObject({ reserved: true });
  });

  test('one host gets few places', async () => {
    const a = await nodes.start({ tuning: { maxPerIp: 2 } });
    const strangers = await Promise.all(Array.from({ length: 6 }, () => nodes.startRaw()));
    for (const stranger of strangers) await stranger.dial(a.node).catch(() => undefined);
    await until(
      () => strangers.filter(({ network }) => network.getConnections().length > 0).length === 2,
      'two of six',
    );
    expect(a.node.peers()).toHaveLength(2);
  });
});

describe('dead gossip streams', () => {
  test('a gossip stream that died on a live connection is repaired', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    await link(a, b);
    const [connection] = a.network.getConnections();
    const [stream] = connection!.streams.filter(
      ({ direction, protocol }) => direction === 'outbound' && protocol.startsWith('/meshsub/'),
    );
    stream!.abort(new Error('the network had a hiccup'));
    expect(hasGossipStream(a.network.getConnections())).toBe(false);
    expect(a.node.peers()).toMatchObject([{ gossip: false }]);
    const lost = message('accept', 'while it was dead');
    a.shelf.put('checkpoint', lost);
    await a.node.publish('checkpoint', lost);
    await until(() => a.node.peers()[0]?.gossip === true, 'a new stream');
    // What was published meanwhile comes by anti-entropy.
    await until(() => b.shelf.texts().includes('while it was dead'), 'the message');
    await until(() => b.node.peers()[0]?.gossip === true, 'the other direction');
    await a.node.publish('checkpoint', message('accept', 'afterwards'));
    await until(() => b.shelf.texts().includes('afterwards'), 'the next message');
  });

  test('a peer without content is left in peace', async () => {
    const [a, b] = [await nodes.start(), await nodes.start({ content: undefined })];
    await b.node.connect(a.node.addresses()[0]!);
    await sleep(1_000);
    expect(a.node.peers()).toHaveLength(1);
  });
});

test('close returns, and twice', async () => {
  const [a, b] = [await nodes.start(), await nodes.start()];
  await link(a, b);
  await Promise.all([a.node.close(), a.node.close()]);
  await expect(a.node.publish('checkpoint', message('accept', 'late'))).rejects.toMatchObject({ code: 'closed' });
});
