import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { KEY_TYPE, formatVerifierKey, parseVerifierKey } from '#libs/note';
import { createLogger, startService } from '#libs/server';
import { ed25519Signer } from '../../../test/note-signers.js';
import { execute } from './commands.js';
import type { WitnessConfig } from './config.js';
import { witnessService } from './witness.module.js';

const NAME = 'witness.example.org/w1';
let folder: string;

beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'witness-'))));
afterEach(() => {
  jest.restoreAllMocks();
  process.exitCode = undefined;
});

interface Said {
  readonly out: string;
  readonly err: string;
  readonly exitCode: typeof process.exitCode;
  readonly config: WitnessConfig | undefined;
}

async function run(args: string[], env: Record<string, string> = {}): Promise<Said> {
  const written = { out: '', err: '' };
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => ((written.out += String(text)), true));
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => ((written.err += String(text)), true));
  const config = await execute(args, env);
  jest.restoreAllMocks();
  const { exitCode } = process;
  process.exitCode = undefined;
  return { ...written, exitCode, config };
}

function configFile(...lines: string[]): string {
  const path = join(folder, 'witness.conf');
  writeFileSync(path, [`name ${NAME}`, 'listen 127.0.0.1:0', ...lines, ''].join('\n'));
  return path;
}

async function startAndStop(config: WitnessConfig): Promise<void> {
  const service = await startService(witnessService(config), createLogger('witness', { write: () => undefined }));
  await service.close();
}

const typesOf = (lines: string): number[] =>
  lines
    .trimEnd()
    .split('\n')
    .map((line) => parseVerifierKey(line).type);

describe('a witness of which only the name is said', () => {
  test('makes its keys at the first start, shows them, and keeps them', async () => {
    const path = configFile();
    const first = await run(['--config', path]);
    const vkeys = first.err.slice(first.err.indexOf('\n') + 1);
    expect(first.err).toMatch(/^made the keys of witness\.example\.org\/w1 in /);
    expect(typesOf(vkeys)).toEqual([KEY_TYPE.cosignature, KEY_TYPE.mlDsa44Cosignature]);
    await startAndStop(first.config!);
    expect(await run(['-c', path])).toMatchObject({ err: '', config: first.config });
    expect(await run(['keys', '-c', path])).toMatchObject({ out: vkeys, err: '', exitCode: undefined });
  });

  test.each(['witness.key', 'witness-ml-dsa-44.key'])(
    'does not start, and makes no other key, when %s is lost',
    async (key) => {
      const path = configFile();
      const { config } = await run(['--config', path]);
      await startAndStop(config!);
      rmSync(join(config!.dataDirectory, key));
      await expect(startAndStop(config!)).rejects.toThrow(/has cosigned already, and the key .* is missing/);
      for (const command of ['run', 'init', 'keys']) {
        const said = await run([command, '--config', path]);
        // `run` finds out when it starts, unless it would have had to make the keys.
        if (command !== 'run' || key === 'witness.key') {
          expect(said).toMatchObject({ exitCode: 2, err: expect.stringMatching(/is missing/) });
        }
      }
      expect(existsSync(join(config!.dataDirectory, key))).toBe(false);
    },
  );
});

describe('init', () => {
  const env = (): Record<string, string> => ({
    TALLY_WITNESS_PROFILE: 'production',
    TALLY_WITNESS_PORT: '0',
    TALLY_WITNESS_NAME: NAME,
    TALLY_WITNESS_KEY_FILE: join(folder, 'keys', 'witness.key'),
    TALLY_WITNESS_DATA_DIRECTORY: folder,
    TALLY_WITNESS_LOGS: formatVerifierKey(ed25519Signer('log.example.com').key),
  });

  test.each(['init', 'create-key'])(
    'makes a key once, as %s, and prints its verifier key each time',
    async (command) => {
      const first = await run([command], env());
      expect(typesOf(first.out)).toEqual([KEY_TYPE.cosignature]);
      expect(await run([command], env())).toEqual(first);
      expect(first).toMatchObject({ err: '', exitCode: undefined, config: undefined });
    },
  );

  test('makes an ML-DSA-44 key where one is named', async () => {
    const named = { ...env(), TALLY_WITNESS_ML_DSA_KEY_FILE: join(folder, 'ml-dsa.key') };
    expect(typesOf((await run(['init'], named)).out)).toEqual([KEY_TYPE.cosignature, KEY_TYPE.mlDsa44Cosignature]);
  });

  test('a key file that is named and not there is made by nothing else', async () => {
    expect(await run(['keys'], env())).toMatchObject({
      out: '',
      err: expect.stringMatching(/no key file/),
      exitCode: 2,
    });
    const { config } = await run([], env());
    await expect(startAndStop(config!)).rejects.toThrow(expect.objectContaining({ code: 'no-key-file' }));
  });

  test('settings that are not right are named, and no key is made', async () => {
    const said = await run(['init'], { ...env(), TALLY_WITNESS_PORT: 'x' });
    expect(said).toMatchObject({ out: '', err: expect.stringContaining('TALLY_WITNESS_PORT'), exitCode: 2 });
    expect(existsSync(join(folder, 'keys'))).toBe(false);
  });
});

describe('the command line', () => {
  test('explains itself', async () => {
    for (const args of [['--help'], ['-h'], ['help'], ['run', '--help']]) {
      const { out, exitCode } = await run(args);
      expect(out).toMatch(/Usage: tally-witness/);
      expect(out).toContain('TALLY_WITNESS_NAME=witness.example.org/w1 tally-witness');
      expect(exitCode).toBeUndefined();
    }
  });

  test.each([
    ['a command that is none', ['start']],
    ['an option that is none', ['--port', '1']],
    ['something behind a command', ['init', 'now']],
    ['adopt without an origin', ['adopt']],
    ['a config file that is not there', ['--config', '/nowhere/witness.conf']],
    ['no name', []],
  ])('answers %s with exit code 2', async (_, args) => {
    const said = await run(args);
    expect(said).toMatchObject({ out: '', exitCode: 2, config: undefined });
    expect(said.err).not.toBe('');
  });
});
