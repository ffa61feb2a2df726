import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { formatVerifierKey, verifierKey } from '#libs/note';
import { cosigner, ed25519Signer, rfc6962Signer } from '../../../test/note-signers.js';
import { loadConfig } from './config.js';
import { parseTime } from './values.js';
import { watchedOf } from './watched-log.js';

const [ONE, TWO] = ['one.example', 'two.example'].map((name) => formatVerifierKey(ed25519Signer(name).key));
const WITNESS = formatVerifierKey(cosigner('witness.example', 1n).key);
const { type, publicKey } = rfc6962Signer('ct1').key;
const [CT1, CT2] = ['ct1', 'ct2'].map((name) => formatVerifierKey(verifierKey(name, type, publicKey)));
const folder = mkdtempSync(join(tmpdir(), 'tally-monitor-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, ...lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

describe('settings', () => {
  test('need a log and nothing else', () => {
    expect(loadConfig({ TALLY_MONITOR_LOGS: `${ONE} https://one.example` })).toMatchObject({
      profile: 'production',
      host: '127.0.0.1',
      port: 7109,
      name: 'monitor',
      logs: [{ key: { name: 'one.example' }, url: 'https://one.example' }],
      pollMs: 10_000,
      alarmAfterMs: 60_000,
      lagAfterMs: 600_000,
      staleAfterMs: 86_400_000,
    });
  });

  test('can all be lines of one file, and what the environment says wins', () => {
    file('tlog-policy', `log ${TWO}`, `witness w ${WITNESS} https://w.example`, 'quorum w');
    const path = file(
      'monitor.conf',
      '# what I watch',
      'name auditor',
      'listen [::1]:7200',
      'data state',
      `log ${ONE} https://one.example`,
      'mirror one.example https://mirror.example/one',
      'policy tlog-policy',
      `witness other ${WITNESS}`,
      'peer /dns4/w.example/tcp/4001',
      'p2p /ip4/0.0.0.0/tcp/4001',
      'announce /dns4/me.example/tcp/4001',
      'poll 30s',
      'alarm-after 5m',
      'lag-after 1h',
      'stale-after 2d',
      'webhook https://hooks.example/x',
    );
    const config = loadConfig({
      TALLY_MONITOR_CONFIG: path,
      TALLY_MONITOR_POLL: '15s',
      TALLY_MONITOR_PEERS: '/ip4/1.2.3.4/tcp/1; /ip4/1.2.3.4/tcp/2',
    });
    expect(config).toMatchObject({
      name: 'auditor',
      host: '::1',
      port: 7200,
      dataDirectory: join(folder, 'state'),
      mirrors: [{ origin: 'one.example', url: 'https://mirror.example/one' }],
      policies: [{ name: join(folder, 'tlog-policy') }],
      witnesses: [{ name: 'other' }],
      p2p: ['/ip4/0.0.0.0/tcp/4001'],
      announce: ['/dns4/me.example/tcp/4001'],
      peers: ['/ip4/1.2.3.4/tcp/1', '/ip4/1.2.3.4/tcp/2'],
      pollMs: 15_000,
      alarmAfterMs: 300_000,
      lagAfterMs: 3_600_000,
      staleAfterMs: 172_800_000,
      webhook: 'https://hooks.example/x',
    });
  });

  test.each([
    ['no log', {}, /no log is configured/],
    ['a key of a witness as that of a log', { TALLY_MONITOR_LOGS: WITNESS }, /^TALLY_MONITOR_LOGS: /],
    ['one RFC 6962 key for two logs', { TALLY_MONITOR_LOGS: `${CT1};${CT2}` }, /ct1 and ct2 have one RFC 6962 key/],
    ['a mirror of a log that is not watched', { TALLY_MONITOR_MIRRORS: 'two.example https://m' }, /"two.example"/],
    ['an address that is none', { TALLY_MONITOR_LOGS: `${ONE} ftp://one` }, /not an http or https URL/],
    [
      'http to another machine in production',
      { TALLY_MONITOR_WEBHOOK: 'http://hooks.example' },
      /should be an https URL/,
    ],
    ['a time without a number', { TALLY_MONITOR_POLL: 'soon' }, /TALLY_MONITOR_POLL is "soon".*such as 10s/],
    ['an unknown name', { TALLY_MONITOR_POL: '1s' }, /TALLY_MONITOR_POL: there is no such setting/],
    ['a policy that is not there', { TALLY_MONITOR_POLICIES: join(folder, 'none') }, /cannot read the policy/],
  ])('with %s are refused', (_what, env: Record<string, string>, message) => {
    const logs: Record<string, string> = _what === 'no log' ? {} : { TALLY_MONITOR_LOGS: `${ONE} https://one.example` };
    expect(() => loadConfig({ ...logs, ...env })).toThrow(message);
  });

  test.each([
    ['mirror one.example', 'should be: mirror <origin> <url>'],
    ['poll fast', 'poll is "fast", it should be a time from 1s to 365d, such as 10s, 5m, 24h'],
    ['listen x', 'listen is "x", it should be a host and a port, such as 127.0.0.1:7109'],
    ['profile x', 'profile is "x", it should be development or production'],
    ['webhook foo', 'webhook is "foo", it should be an http or https URL'],
    ['peer one.example:1', '"one.example:1" is not a multiaddr, such as /ip4/'],
  ])('say in which line of the file %s is wrong', (line, message) => {
    const path = file('wrong.conf', `log ${ONE}`, line);
    expect(() => loadConfig({}, path)).toThrow(`${path}, line 2: ${message}`);
  });
});

test('a time has a unit, or is in seconds', () => {
  expect(['90', '90s', '10m', '24h', '7d'].map(parseTime)).toEqual([90_000, 90_000, 600_000, 86_400_000, 604_800_000]);
  expect(['0', '-1', '1.5h', '1w', '366d', ''].map(parseTime)).toEqual(Array(6).fill(undefined));
});

test('what lines and policies say about one log is one log, and each address is asked once', () => {
  const path = file('policy', `log ${ONE} https://one.example`, `witness w ${WITNESS} https://w.example`, 'quorum w');
  const config = loadConfig({
    TALLY_MONITOR_LOGS: `${ONE} https://one.example; ${ONE} https://cdn.example`,
    TALLY_MONITOR_MIRRORS: 'one.example https://mirror.example',
    TALLY_MONITOR_WITNESSES: `again ${WITNESS} https://w.example`,
    TALLY_MONITOR_POLICIES: path,
  });
  const { logs, witnesses } = watchedOf(config);
  expect(logs).toHaveLength(1);
  expect(logs[0]?.keys).toHaveLength(1);
  expect(logs[0]?.views.map(({ kind, url }) => `${kind} ${url}`)).toEqual([
    'log https://one.example',
    'mirror https://cdn.example',
    'mirror https://mirror.example',
    'witness https://w.example',
  ]);
  expect(logs[0]?.sources).toEqual(['https://one.example', 'https://cdn.example', 'https://mirror.example']);
  expect(witnesses).toHaveLength(1);
});
