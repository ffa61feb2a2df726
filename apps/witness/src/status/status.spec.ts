import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { originHash } from '#libs/tlog';
import { SignedLog } from '../../../../test/signed-log.js';
import { RunningWitness, WITNESS_NAME } from '../testing/running-witness.js';
import { statusPage } from './status-page.js';
import type { WitnessStatus } from './status.js';

const log = new SignedLog('log.example.com/one');
const quiet = new SignedLog('log.example.com/quiet');
let witness: RunningWitness;

beforeAll(async () => {
  witness = await RunningWitness.start({ logs: [quiet.signer.key, log.signer.key] });
  await witness.addCheckpoint(await log.request(0, 5));
  await witness.addCheckpoint(await log.forkAt(3).request(5, 5));
});
afterAll(() => witness.stop());

describe('/status', () => {
  test('says who it is, what it cosigned, and what it answered', async () => {
    const status = await witness.status();
    expect(status).toMatchObject({
      schema: 'tally/witness-status/v1',
      name: WITNESS_NAME,
      profile: 'development',
      logs: { count: 2, cosigned: 1 },
      answers: { cosigned: 1, 'other-root': 1 },
      frozen: [
        { origin: 'log.example.com/one', evidencePath: expect.stringMatching(/^\/evidence\/[0-9a-f]{16}\.evidence$/) },
      ],
      outdated: [],
      lists: [],
    });
    expect(status.keys.map(({ algorithm }) => algorithm)).toEqual(['ed25519', 'ml-dsa-44']);
    expect(status.logs.shown).toEqual([
      {
        origin: log.origin,
        size: '5',
        cosignedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        checkpointPath: `/${originHash(log.origin)}/checkpoint`,
        frozen: true,
      },
      expect.objectContaining({ origin: quiet.origin, size: null, cosignedAt: null }),
    ]);
  });
});

describe('the page', () => {
  test('is HTML without scripts, that may load nothing', async () => {
    const response = await fetch(witness.url);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/);
    const page = await response.text();
    expect(page).toContain(WITNESS_NAME);
    expect(page).toContain(log.origin);
    expect(page).not.toMatch(/<script|<img|<link|onload=/i);
    expect(Buffer.byteLength(page)).toBeLessThan(20_000);
  });

  const evil = '<img src=x onerror=alert(1)>"\'&';
  const hostile: WitnessStatus = {
    schema: 'tally/witness-status/v1',
    name: evil,
    profile: evil,
    startedAt: '2026-01-02T03:04:05.000Z',
    now: '2026-01-02T03:04:05.000Z',
    keys: [
      { algorithm: 'ed25519', verifierKey: evil },
      { algorithm: 'ml-dsa-44', verifierKey: evil },
    ],
    logs: {
      count: 40_000,
      cosigned: 12_345,
      shown: Array.from({ length: 100 }, () => ({
        origin: evil,
        size: '20852014',
        cosignedAt: '2026-01-02T03:04:05.000Z',
        checkpointPath: evil,
        frozen: true,
      })),
    },
    answers: { [evil]: 3 },
    frozen: [{ origin: evil, key: evil, reason: evil, evidencePath: evil }],
    suspicions: [{ kind: 'unlinked', origin: evil, reason: evil, since: evil }],
    network: { peerId: evil, addresses: [evil] },
    peers: [{ id: evil, address: evil, direction: 'inbound', witness: evil, since: evil }],
    outdated: [{ origin: evil, why: evil }],
    lists: [
      {
        source: evil,
        logs: 3,
        takenAt: null,
        problem: evil,
        keyChanges: { count: 1, origins: [evil] },
        unusable: { count: 1, origins: [evil] },
      },
    ],
  };

  test('escapes whatever comes from outside', () => {
    const page = statusPage(hostile);
    expect(page).not.toContain('<img');
    expect(page).toContain('&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#38;');
  });

  test('of thousands of logs shows how many, and a hundred of them', () => {
    const page = statusPage(hostile);
    expect(page).toContain('40,000 logs, 12,345 of them cosigned since');
    expect(page).toContain('The 100 cosigned last are shown.');
    expect(page.match(/<tr><td><code>/g)).toHaveLength(100);
  });
});
