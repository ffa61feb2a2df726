import { afterAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Connection } from '@libp2p/interface';
import { Silence } from './silence.js';
import { TestNodes, until } from './testing/nodes.js';

const nodes = new TestNodes();
afterAll(() => nodes.closeAll());

/** A way to a port that forgets connections as a NAT does: nothing of them arrives any more, and nobody is told. */
async function forgetfulWay(to: number): Promise<{ port: number; forget(): void; close(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    forget: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

test('who was heard is not silent, and whoever was not is so only after some rounds', () => {
  const [a, b] = [{}, {}] as [Connection, Connection];
  const silence = new Silence(2);
  const heard = new Set<Connection>();
  const round = (): Connection[] => silence.round([a, b], (one) => heard.delete(one));
  for (let i = 0; i < 2; i++) {
    heard.add(a);
    expect(round()).toEqual([]);
  }
  heard.add(a).add(b);
  expect(round()).toEqual([]);
  for (let i = 0; i < 2; i++) expect(round()).toEqual([]);
  expect(round()).toEqual([a, b]);
  expect(silence.round([b], () => true)).toEqual([]);
});

describe('a connection that something on the way has forgotten', () => {
  test('is given up by both, made anew, and carries requests again', async () => {
    const tuning = { pingMs: 200, silentMs: 4_000 };
    const log = await nodes.start({ tuning });
    const way = await forgetfulWay(Number(/\/tcp\/(\d+)\//.exec(log.node.addresses()[0]!)![1]));
    const witness = await nodes.start({ listen: [], tuning });
    try {
      witness.node.handle('/test/answer/1', async (body) => body);
      await witness.node.connect(`/ip4/127.0.0.1/tcp/${way.port}`);
      await until(() => log.node.peers().length === 1, 'the connection');
      const ask = (timeoutMs = 60_000): Promise<Uint8Array> =>
        log.node.request(witness.node.peerId, '/test/answer/1', Uint8Array.of(7), { timeoutMs });
      expect(await ask()).toEqual(Uint8Array.of(7));
      const before = new Date();
      way.forget();
      await expect(ask(1_000)).rejects.toMatchObject({ code: 'timeout' });

      for (const { network } of [log, witness]) {
        const opened = (): number[] => network.getConnections().map(({ timeline }) => timeline.open);
        await until(() => opened().length === 1 && opened()[0]! > before.getTime(), 'a new connection, and no other');
      }
      expect(await ask()).toEqual(Uint8Array.of(7));
    } finally {
      way.close();
    }
  });

  test('while one that is only quiet stays', async () => {
    const tuning = { pingMs: 200, silentMs: 4_000 };
    const [a, b] = [await nodes.start({ tuning }), await nodes.start({ tuning })];
    await a.node.connect(b.node.addresses()[0]!);
    const { since } = a.node.peers()[0]!;
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(a.node.peers().map((peer) => peer.since)).toEqual([since]);
  });
});
