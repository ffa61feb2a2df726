import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { KEY_TYPE, formatVerifierKey, parseVerifierKey } from '#libs/note';
import { ed25519Signer } from '../../../test/note-signers.js';
import { execute } from './commands.js';

afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
});

async function run(
  env: Record<string, string>,
): Promise<{ out: string; err: string; exitCode: typeof process.exitCode }> {
  const written = { out: '', err: '' };
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((written.out += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((written.err += String(text)), true));
  await execute(['create-key'], env);
  jest.restoreAllMocks();
  return { ...written, exitCode: process.exitCode };
}

const folder = mkdtempSync(join(tmpdir(), 'witness-key-'));
const ENV = {
  TALLY_WITNESS_PROFILE: 'production',
  TALLY_WITNESS_PORT: '0',
  TALLY_WITNESS_NAME: 'witness.example.org/w1',
  TALLY_WITNESS_KEY_FILE: join(folder, 'witness.key'),
  TALLY_WITNESS_DATA_DIRECTORY: folder,
  TALLY_WITNESS_LOGS: formatVerifierKey(ed25519Signer('log.example.com').key),
};

test('a key is made once, and its verifier key is printed each time', async () => {
  const first = await run(ENV);
  expect(parseVerifierKey(first.out.trimEnd())).toMatchObject({
    name: ENV.TALLY_WITNESS_NAME,
    type: KEY_TYPE.cosignature,
  });
  expect(await run(ENV)).toEqual(first);
  expect(first).toMatchObject({ err: '', exitCode: undefined });
});

test('settings that are not right are named, and no key is made', async () => {
  expect(await run({ ...ENV, TALLY_WITNESS_PORT: 'x' })).toMatchObject({
    out: '',
    err: expect.stringContaining('TALLY_WITNESS_PORT'),
    exitCode: 2,
  });
});
