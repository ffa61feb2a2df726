import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatVerifierKey, verifierKey } from '#libs/note';
import { cosigner, ed25519Signer, rfc6962Signer } from '../../../test/note-signers.js';
import { loadConfig } from './config.js';

const [ONE, TWO, THREE] = ['one', 'two', 'three'].map((name) => formatVerifierKey(ed25519Signer(name).key));
const { type, publicKey } = rfc6962Signer('ct1').key;
const [CT1, CT2] = ['ct1', 'ct2'].map((name) => formatVerifierKey(verifierKey(name, type, publicKey)));
const ENV = {
  TALLY_WITNESS_PROFILE: 'development',
  TALLY_WITNESS_PORT: '0',
  TALLY_WITNESS_NAME: 'witness.example.org/w1',
  TALLY_WITNESS_KEY_FILE: 'witness.key',
  TALLY_WITNESS_DATA_DIRECTORY: 'data',
};

function logsFile(content: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'witness-config-')), 'logs');
  writeFileSync(path, content);
  return path;
}

const NO_MORE = { lists: [], witnesses: [], p2p: [], announce: [], peers: [], mirrors: [] };

describe('settings', () => {
  test('name other witnesses in the environment as on the lines of the file', () => {
    const [w1, w2] = [cosigner('w1.example', 1n), cosigner('w2.example', 1n)].map(({ key }) => formatVerifierKey(key));
    const env = { ...ENV, TALLY_WITNESS_LOGS: ONE, TALLY_WITNESS_WITNESSES: `one ${w1} https://w1.example; two ${w2}` };
    expect(loadConfig(env).witnesses).toMatchObject([{ name: 'one', url: 'https://w1.example' }, { name: 'two' }]);
    expect(() => loadConfig({ ...env, TALLY_WITNESS_WITNESSES: 'one' })).toThrow(
      /TALLY_WITNESS_WITNESSES: should be: witness/,
    );
  });

  test('name logs in the environment, in a file, or in both', () => {
    const path = logsFile(`# two of them\n\n${TWO}\n  ${THREE}\n`);
    const env = { ...ENV, TALLY_WITNESS_LOGS: ` ${ONE}\n`, TALLY_WITNESS_LOGS_FILE: path };
    const { logs, ...config } = loadConfig(env);
    expect(logs.map(({ name }) => name)).toEqual(['one', 'two', 'three']);
    expect(config).toEqual({
      profile: 'development',
      host: '127.0.0.1',
      port: 0,
      name: 'witness.example.org/w1',
      keyFile: 'witness.key',
      dataDirectory: 'data',
      ...NO_MORE,
    });
  });

  test('need a name and nothing else: it is a real witness, whose keys are made in its data directory', () => {
    expect(loadConfig({ TALLY_WITNESS_NAME: 'witness.example.org/w1' })).toEqual({
      profile: 'production',
      host: '127.0.0.1',
      port: 7106,
      name: 'witness.example.org/w1',
      keyFile: 'tally-witness-data/witness.key',
      mlDsaKeyFile: 'tally-witness-data/witness-ml-dsa-44.key',
      makeKeys: true,
      dataDirectory: 'tally-witness-data',
      logs: [],
      ...NO_MORE,
    });
  });

  test.each([
    ['no name', { TALLY_WITNESS_NAME: '' }, /TALLY_WITNESS_NAME/],
    ['another profile', { TALLY_WITNESS_PROFILE: 'test' }, /TALLY_WITNESS_PROFILE/],
    [
      'a list that comes without TLS',
      { TALLY_WITNESS_LISTS: 'http://x.example/l', TALLY_WITNESS_PROFILE: '' },
      /TALLY_WITNESS_LISTS: .*https/,
    ],
    ['a peer that is no multiaddr', { TALLY_WITNESS_PEERS: 'w:1' }, /TALLY_WITNESS_PEERS: "w:1" is not a multiaddr/],
    ['a name with a space', { TALLY_WITNESS_LOGS: ONE, TALLY_WITNESS_NAME: 'a witness' }, /TALLY_WITNESS_NAME/],
    ['a name with a plus', { TALLY_WITNESS_LOGS: ONE, TALLY_WITNESS_NAME: 'a+b' }, /TALLY_WITNESS_NAME/],
    ['a broken verifier key', { TALLY_WITNESS_LOGS: `${ONE} two+00000000+AQ==` }, /TALLY_WITNESS_LOGS: .*"two"/],
    ['the key of a witness', { TALLY_WITNESS_LOGS: formatVerifierKey(cosigner('w', 0n).key) }, /signs no checkpoints/],
    ['a file that is not there', { TALLY_WITNESS_LOGS_FILE: '/nowhere/logs' }, /nowhere/],
    ['a setting that does not exist', { TALLY_WITNESS_LOGS: ONE, TALLY_WITNESS_LOG: ONE }, /no such setting/],
  ])('with %s are refused', (_, part, message) => {
    expect(() => loadConfig({ ...ENV, ...part })).toThrow(message);
  });
});

describe('a config file', () => {
  const file = (...lines: string[]): string => logsFile(lines.map((line) => `${line}\n`).join(''));
  const WITNESS = formatVerifierKey(cosigner('w2.example', 0n).key);

  test('says everything, with paths below its folder', () => {
    const path = file(
      '# a witness',
      '',
      'name  witness.example.org/w1',
      'profile development',
      'listen [::1]:7777',
      'data store',
      'key keys/ed25519',
      'ml-dsa-key keys/ml-dsa',
      `log ${ONE}`,
      `log ${TWO} https://log.example/two`,
      `log ${THREE} https://log.example/three qpd 1440`,
      'logs https://lists.example/all',
      'logs lists/own',
      `witness second ${WITNESS} https://w2.example`,
      'p2p /ip4/0.0.0.0/tcp/7200',
      'announce /dns4/w1.example/tcp/7200',
      'peer /dns4/w2.example/tcp/7200',
      'peer /dns4/w3.example/tcp/7200',
      'mirror one',
    );
    const { logs, witnesses, ...config } = loadConfig({}, path);
    const folder = dirname(path);
    expect(config).toEqual({
      name: 'witness.example.org/w1',
      profile: 'development',
      host: '::1',
      port: 7777,
      dataDirectory: join(folder, 'store'),
      keyFile: join(folder, 'keys/ed25519'),
      mlDsaKeyFile: join(folder, 'keys/ml-dsa'),
      lists: ['https://lists.example/all', join(folder, 'lists/own')],
      p2p: ['/ip4/0.0.0.0/tcp/7200'],
      announce: ['/dns4/w1.example/tcp/7200'],
      peers: ['/dns4/w2.example/tcp/7200', '/dns4/w3.example/tcp/7200'],
      mirrors: ['one'],
    });
    expect(logs.map(({ name, url, qpd }) => ({ name, url, qpd }))).toEqual([
      { name: 'one', url: undefined, qpd: undefined },
      { name: 'two', url: 'https://log.example/two', qpd: undefined },
      { name: 'three', url: 'https://log.example/three', qpd: 1440 },
    ]);
    expect(witnesses).toEqual([expect.objectContaining({ name: 'second', url: 'https://w2.example' })]);
  });

  test('with a name alone keeps data and keys beside itself', () => {
    const path = file('name witness.example.org/w1');
    const { dataDirectory, keyFile } = loadConfig({ TALLY_WITNESS_CONFIG: path });
    expect(dataDirectory).toBe(join(dirname(path), 'tally-witness-data'));
    expect(keyFile).toBe(join(dirname(path), 'tally-witness-data/witness.key'));
  });

  test('gives way to the environment', () => {
    const path = file('name a', 'listen 127.0.0.1:1', `log ${ONE}`, 'peer /ip4/1.2.3.4/tcp/1');
    const env = { TALLY_WITNESS_NAME: 'b', TALLY_WITNESS_LOGS: TWO, TALLY_WITNESS_HOST: '', TALLY_WITNESS_PORT: '2' };
    const config = loadConfig({ ...env, TALLY_WITNESS_PEERS: '/ip4/5.6.7.8/tcp/1' }, path);
    expect(config).toMatchObject({ name: 'b', host: '127.0.0.1', port: 2, peers: ['/ip4/5.6.7.8/tcp/1'] });
    expect(config.logs.map(({ name }) => name)).toEqual(['two']);
  });

  test.each([
    ['a word that is none', 'nane w', /line 2: there is no setting "nane"/],
    ['a word of everybody', 'constructor w', /line 2: there is no setting/],
    ['a second name', 'name w', /line 2: a second name/],
    ['a profile that is none', 'data d\nprofile x', /line 3: profile is "x"/],
    ['no value', 'data', /line 2: should be: data <directory>/],
    ['too many values', 'data a b', /line 2: should be/],
    ['no port', 'listen 127.0.0.1', /line 2: listen is/],
    ['a port that is none', 'listen 127.0.0.1:70000', /line 2: listen is/],
    ['a log without a key', 'log example.com', /line 2: verifier key/],
    ['a log with another word', `log ${ONE} https://x.example per-day 3`, /line 2: should be a verifier key/],
    ['a log with no number', `log ${ONE} qpd`, /line 2: should be a verifier key/],
    ['a log with a number of none', `log ${ONE} qpd 0`, /line 2: qpd is "0"/],
    ['a log at no URL', `log ${ONE} ftp://x.example`, /line 2: "ftp:/],
    [
      'a log with the key of a witness',
      `log ${WITNESS}`,
      /line 2: .*signs no checkpoints; it should be the key of a log/,
    ],
    [
      'a witness with the key of a log',
      `witness w ${ONE}`,
      /line 2: .*no cosignatures; it should be the key of a witness/,
    ],
    ['one RFC 6962 key for two logs', `log ${CT1}\nlog ${CT2}`, /ct1 and ct2 have one RFC 6962 key/],
    ['a peer that is no multiaddr', 'peer w.example:7190', /line 2: "w.example:7190" is not a multiaddr, such as/],
    ['an address that libp2p does not listen on', 'p2p /ip4/127.0.0.1', /line 2: .* should be a host and a TCP port/],
    ['a list that comes without TLS', 'logs http://x.example/l', /line 2: the log list .* should be an https URL/],
  ])('with %s is refused, with the line', (_, line, message) => {
    expect(() => loadConfig({}, file('name witness.example.org/w1', line))).toThrow(message);
  });

  test('without a name is refused, with what a name looks like', () => {
    expect(() => loadConfig({}, file('data d'))).toThrow(
      /there should be a name line \(or TALLY_WITNESS_NAME\), such as/,
    );
  });

  test('that is no text is refused as a whole', () => {
    const path = file();
    writeFileSync(path, Uint8Array.of(0x6e, 0xff, 0x00));
    expect(() => loadConfig({}, path)).toThrow(/^cannot read the config file .*: 3 bytes are not valid UTF-8$/);
  });

  test('that is not there is refused', () => {
    expect(() => loadConfig({}, '/nowhere/witness.conf')).toThrow(/cannot read the config file/);
  });
});
