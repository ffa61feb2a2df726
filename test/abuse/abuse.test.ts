import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Arena, table, type Figures } from './arena.js';
import * as gossip from './gossip-attacks.js';
import * as sockets from './connection-attacks.js';
import * as sync from './sync-attacks.js';
import * as http from './http-attacks.js';
import { canRun } from './victim.js';

(canRun ? describe : describe.skip)('explore', () => {
  let arena: Arena;
  beforeAll(async () => {
    arena = await Arena.start();
  });
  afterAll(async () => {
    console.log(table(arena.figures));
    await arena.stop();
  });
  const only = process.env['ONLY'];
  const run = (name: string, attack: () => Promise<string>): void => {
    if (only !== undefined && !new RegExp(only).test(name)) return;
    test(name, async () => {
      const f: Figures = await arena.measure(name, attack);
      process.stderr.write(JSON.stringify(f) + '\n');
      expect(arena.victim.alive).toBe(true);
    }, 120_000);
  };
  run('warm-up', async () => {
    await new Promise((r) => setTimeout(r, 3000));
    return '';
  });
  run('garbage', () => gossip.garbage(arena, 20_000));
  run('bad signatures', () => gossip.badSignatures(arena, 4_000));
  run('replays', () => gossip.replays(arena));
  run('duplicates', () => gossip.duplicates(arena, 100_000));
  run('oversized messages', () => gossip.oversizedMessages(arena, 500));
  run('oversized rpcs', () => gossip.oversizedRpcs(arena, 20));
  run('poison', () => gossip.poison(arena));
  run('bad evidence', () => gossip.badEvidence(arena, 2000));
  run('strangers evidence', () => gossip.strangersEvidence(arena, 3000));
  run('control', () => gossip.control(arena, 2000));
  run('never reads', () => gossip.neverReads(arena, 8, 3));
  run('polite flood', () => gossip.politeFlood(arena, 20, 90, 5));
  run('5000 silent', () =>
    sockets.connections(arena, { count: 5000, perAddress: 10, opening: new Uint8Array(), holdMs: 1000 }));
  run('half handshakes', () =>
    sockets.connections(arena, { count: 1000, perAddress: 4, opening: sockets.HALF_A_HANDSHAKE, holdMs: 6000 }));
  run('idlers', () => sockets.idlers(arena, 40, 1000));
  run('streams ping', () => sockets.streams(arena, '/ipfs/ping/1.0.0', 64, 3));
  run('streams unknown', () => sockets.streams(arena, '/no/such', 64, 3));
  run('streams gossip', () => sockets.streams(arena, '/meshsub/1.2.0', 64, 3));
  run('pings', () => sockets.pings(arena, 3));
  for (const name of Object.keys(sync.SESSIONS)) run(`sync ${name}`, () => sync.syncAbuse(arena, name, 3));
  run('requests', () => sync.requests(arena, 4, 4));
  run('http silent', () => http.slowClients(arena, { count: 500, opening: '', holdMs: 3000 }));
  run('http slow bodies', () =>
    http.slowClients(arena, {
      count: 300,
      opening: 'POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n',
      drop: 'x',
      holdMs: 3000,
    }));
  run('http headers', () =>
    http.slowClients(arena, {
      count: 100,
      opening: `GET /status HTTP/1.1\r\nhost: x\r\n${`x-y: ${'z'.repeat(8000)}\r\n`.repeat(20)}`,
      holdMs: 500,
    }));
  run('http bad', () => http.badCheckpoints(arena, 3));
  run('http stale', () => http.staleCheckpoints(arena, 5));
  run('http evidence', () => http.evidencePosts(arena, 3));
  run('http reads', () => http.reads(arena, 3));
});
