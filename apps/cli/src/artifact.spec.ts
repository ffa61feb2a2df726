import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestArgument, hashFile, signFile } from './artifact.js';
import type { Context } from './context.js';

let cwd: string;
let context: Context;
const large = Buffer.alloc(5_000_000, 'abcdefg');
const hex = 'Ab'.repeat(32);

beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'tally-'));
  writeFileSync(join(cwd, 'large'), large);
  writeFileSync(join(cwd, `sha256:${'0'.repeat(64)}`), 'a file of a strange name');
  context = {
    io: {
      stdout: { isTerminal: false, write: () => undefined },
      stderr: { isTerminal: false, write: () => undefined },
      interactive: false,
      env: {},
      cwd,
      signal: new AbortController().signal,
      now: () => new Date(),
    },
    schema: 'tally/test/v1',
    json: false,
    trustConfig: undefined,
  };
});
afterAll(() => rmSync(cwd, { recursive: true }));

describe('a digest in the place of a file', () => {
  test('is sha256: and 64 hex digits of either case', () => {
    expect(digestArgument(`sha256:${hex}`, context)).toEqual(new Uint8Array(32).fill(0xab));
  });

  test('is a file, if there is one of that name', () => {
    expect(digestArgument(`sha256:${'0'.repeat(64)}`, context)).toBeUndefined();
  });

  test.each([hex, `sha256:${hex}0`, `sha512:${hex}${hex}`, 'sha256:', 'large'])('is not %s', (argument) => {
    expect(digestArgument(argument, context)).toBeUndefined();
  });
});

test.each(['sha256', 'sha384', 'sha512'] as const)('a file is hashed with %s as it streams', async (algorithm) => {
  const expected = createHash(algorithm).update(large).digest();
  expect(Buffer.from(await hashFile('large', algorithm, context))).toEqual(expected);
});

test('a file is hashed and signed in one reading', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { digest, signature } = await signFile('large', privateKey, context);
  expect(Buffer.from(digest)).toEqual(createHash('sha256').update(large).digest());
  expect(verify('sha256', large, publicKey, signature)).toBe(true);
});

test.each([
  ['missing', 'there is no such file'],
  ['.', 'it is a folder'],
])('%s can’t be read, and the error says why', async (file, why) => {
  await expect(hashFile(file, 'sha256', context)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining(why),
  });
});
