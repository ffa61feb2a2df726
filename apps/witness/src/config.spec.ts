import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { formatVerifierKey } from '#libs/note';
import { cosigner, ed25519Signer } from '../../../test/note-signers.js';
import { loadConfig } from './config.js';

const [ONE, TWO, THREE] = ['one', 'two', 'three'].map((name) => formatVerifierKey(ed25519Signer(name).key));
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

describe('settings', () => {
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
    });
  });

  test.each([
    ['no log', {}, /TALLY_WITNESS_LOGS/],
    ['no profile', { TALLY_WITNESS_LOGS: ONE, TALLY_WITNESS_PROFILE: '' }, /TALLY_WITNESS_PROFILE/],
    ['a name with a space', { TALLY_WITNESS_LOGS: ONE, TALLY_WITNESS_NAME: 'a witness' }, /TALLY_WITNESS_NAME/],
    ['a name with a plus', { TALLY_WITNESS_LOGS: ONE, TALLY_WITNESS_NAME: 'a+b' }, /TALLY_WITNESS_NAME/],
    ['a broken verifier key', { TALLY_WITNESS_LOGS: `${ONE} two+00000000+AQ==` }, /two\+00000000/],
    ['the key of a witness', { TALLY_WITNESS_LOGS: formatVerifierKey(cosigner('w', 0n).key) }, /signs no checkpoints/],
    ['a file that is not there', { TALLY_WITNESS_LOGS_FILE: '/nowhere/logs' }, /nowhere/],
    ['a setting that does not exist', { TALLY_WITNESS_LOGS: ONE, TALLY_WITNESS_LOG: ONE }, /no such setting/],
  ])('with %s are refused', (_, part, message) => {
    expect(() => loadConfig({ ...ENV, ...part })).toThrow(message);
  });
});
