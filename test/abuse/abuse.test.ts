import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import { Arena, table } from './arena.js';
import { HALF_A_HANDSHAKE, connections, idlers, pings, streams } from './connection-attacks.js';
import * as gossip from './gossip-attacks.js';
import { HonestLog } from './honest-log.js';
import * as http from './http-attacks.js';
import { SESSIONS, requests, syncAbuse } from './sync-attacks.js';
import { canRun } from './victim.js';

/** Of one attack, in MiB: more than what the victim may hold for the peers that attack it, and less than what they send. */
const PEAK_MAX = 64;
/** What is not given back, in MiB: of one attack, and of all of them. */
const HEAP_LEAK_MAX = 16;
const RSS_LEAK_MAX = 128;
/** Whoever attacks until it is cut off, or for so long at the most. */
const ATTACK_SECONDS = 90;
const CUT_OFF = /cut off after \d+ ms \([a-z]+\), denied$/;

const GET_STATUS = 'GET /status HTTP/1.1\r\nhost: x\r\n';
const SLOW_BODY = 'POST /add-checkpoint HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n';
/** For a longer look than the tests have time for: every duration times this. */
const scale = Number(process.env['TALLY_ABUSE_SCALE'] ?? 1);
const soakSeconds = Number(process.env['TALLY_ABUSE_SOAK_SECONDS'] ?? 0);

if (!canRun) console.log('skipped: there is no built witness (npm run build), or no /proc to look at it');

(canRun ? describe : describe.skip)('a witness under attack goes on, and finds the fork that happens meanwhile', () => {
  let arena: Arena;
  let others: HonestLog[];
  let rssAtFirst = 0;

  beforeAll(async () => {
    others = await Promise.all(Array.from({ length: 8 }, (_, i) => HonestLog.start(`other-${i}.example`)));
    for (const log of others) await log.grow(100);
    arena = await Arena.start(others);
    for (const log of others) expect(await log.submit(arena.victim.url)).toBe(200);
    // Whatever is loaded or compiled at the first use.
    await arena.fork();
    rssAtFirst = (await arena.victim.collect()).rss;
  });

  afterAll(async () => {
    console.log(table(arena.figures));
    await arena.stop();
    for (const log of others) await log.close();
  });

  /** The facts that hold for every attack. */
  async function survives(name: string, attack: () => Promise<string>): Promise<string> {
    const figures = await arena.measure(name, attack);
    expect(arena.victim.alive).toBe(true);
    expect(figures.cosigned).toBeGreaterThan(0);
    expect(figures.failed).toBe(0);
    expect(figures.peak - figures.before).toBeLessThan(PEAK_MAX);
    expect(figures.heapAfter - figures.heapBefore).toBeLessThan(HEAP_LEAK_MAX);
    expect(figures.honestPeers).toBe(2);
    return figures.note;
  }

  describe('whoever does this is cut off:', () => {
    test.each<[string, () => Promise<string>]>([
      ['garbage on both topics', () => gossip.garbage(arena, 20_000)],
      ['heads with bad signatures', () => gossip.badSignatures(arena, 4_000)],
      ['all old heads, which are true', () => gossip.replays(arena)],
      ['one message again and again', () => gossip.duplicates(arena, 4_000)],
      ['messages that are too long', () => gossip.oversizedMessages(arena, 500)],
      ['RPCs that are too long', () => gossip.oversizedRpcs(arena, 100)],
      ['evidence that does not hold', () => gossip.badEvidence(arena, 500)],
      ['evidence about strangers', () => gossip.strangersEvidence(arena, 3_000)],
      ['streams for pings', () => streams(arena, '/ipfs/ping/1.0.0', 64, ATTACK_SECONDS)],
      ['streams for nothing', () => streams(arena, '/nobody/speaks/this', 64, ATTACK_SECONDS)],
      ['streams for gossip', () => streams(arena, gossip.GOSSIP, 64, ATTACK_SECONDS)],
      ['pings', () => pings(arena, ATTACK_SECONDS)],
      ['add-checkpoint over libp2p', () => requests(arena, 1, ATTACK_SECONDS)],
      ...Object.keys(SESSIONS)
        .filter((name) => !name.startsWith('stalls') && !name.startsWith('offers'))
        .map((name): [string, () => Promise<string>] => [
          `sync: ${name}`,
          () => syncAbuse(arena, name, ATTACK_SECONDS),
        ]),
    ])('%s', async (name, attack) => {
      expect(await survives(name, attack)).toMatch(CUT_OFF);
    });
  });

  describe('whoever does this only takes a place:', () => {
    test('strangers who say what nobody here wants to know, as fast as is polite', async () => {
      expect(await survives('polite flood', () => gossip.politeFlood(arena, 20, 90, 3 * scale))).toMatch(
        /; 20 still connected/,
      );
    });

    test('peers that ask for messages that never were', async () => {
      await survives('control messages', () => gossip.control(arena, 20 * scale));
    });

    test('peers that do not read, or do nothing, or stall', async () => {
      await survives('never reads', () => gossip.neverReads(arena, 8, 2 * scale));
      expect(await survives('idle peers', () => idlers(arena, 40, 24))).toMatch('24 have a place');
      for (const name of Object.keys(SESSIONS).filter((one) => one.startsWith('stalls') || one.startsWith('offers'))) {
        await survives(`sync: ${name}`, () => syncAbuse(arena, name, 2 * scale));
      }
    });

    test('5,000 connections, and handshakes that end in the middle', async () => {
      const silent = { count: 5_000, perAddress: 10, opening: new Uint8Array(), holdMs: 1_000 * scale };
      expect(await survives('5,000 connections', () => connections(arena, silent))).toMatch('honest peers kept');
      const half = { count: 500, perAddress: 4, opening: HALF_A_HANDSHAKE, holdMs: 1_000 * scale };
      expect(await survives('half handshakes', () => connections(arena, half))).toMatch('honest peers kept');
    });
  });

  test('a message with a bad signature does not keep the good one away', async () => {
    expect(await survives('poisoned duplicates', () => gossip.poison(arena))).toMatch('the good ones got through');
  });

  test('true heads of many logs do not make it a flooder itself', async () => {
    await survives('reflection', () =>
      arena.counted('tally_p2p_not_relayed_total', () => gossip.reflection(arena, others, 3 * scale)),
    );
    await survives('stale heads over HTTP', () =>
      arena.counted('tally_p2p_published_total{topic="checkpoint"}', () => http.staleCheckpoints(arena, 2 * scale)),
    );
    expect(await arena.victim.metric('tally_p2p_published_total{topic="checkpoint"}')).toBeLessThan(1_500);
  });

  test('HTTP clients that are slow, silent, or many', async () => {
    const hold = { holdMs: 1_000 * scale };
    await survives('HTTP: silent', () => http.slowClients(arena, { count: 500, opening: '', ...hold }));
    await survives('HTTP: slow bodies', () =>
      http.slowClients(arena, { count: 300, opening: SLOW_BODY, drop: 'x', ...hold }),
    );
    const long = `${GET_STATUS}${`x-y: ${'z'.repeat(8_000)}\r\n`.repeat(20)}`;
    expect(
      await survives('HTTP: long headers', () =>
        http.slowClients(arena, { count: 100, opening: long, untilClosed: true, ...hold }),
      ),
    ).toMatch(/^100 of 100 closed .* 431 /);
    expect(await survives('HTTP: bad signatures', () => http.badCheckpoints(arena, scale))).toMatch(/^\d+ × 403$/);
    expect(await survives('HTTP: evidence of strangers', () => http.evidencePosts(arena, scale))).toMatch(
      /^\d+ × 404$/,
    );
    expect(await survives('HTTP: reads', () => http.reads(arena, scale))).toMatch(/^\d+ × 200$/);
  });

  test('and after all of that has not kept what it was sent', async () => {
    const { rss } = await arena.victim.collect();
    expect(rss - rssAtFirst).toBeLessThan(RSS_LEAK_MAX);
    expect(await arena.honestPeers()).toHaveLength(2);
  });

  if (soakSeconds > 0) {
    test('and keeps nothing of what honest logs bring, hour after hour', async () => {
      for (const log of others.slice(0, 4)) arena.addPump(log);
      for (let second = 0; second <= soakSeconds; second += 10) {
        const { rss, heap, external } = await arena.victim.collect();
        const { count } = arena.pump.take();
        console.log(
          `${second} s: heap ${heap.toFixed(1)}, external ${external.toFixed(1)}, RSS ${rss.toFixed(0)} MiB; ${count}`,
        );
        await delay(10_000);
      }
    }, 900_000);
  }
});
