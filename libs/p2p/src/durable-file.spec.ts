import { mkdtempSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { replaceDurably } from './durable-file.js';

const directory = mkdtempSync(join(tmpdir(), 'tally-durable-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('a file that can not be replaced leaves nothing behind', async () => {
  const path = join(directory, 'peers.json');
  mkdirSync(path);
  await expect(replaceDurably(path, new Uint8Array(9), 0o600)).rejects.toThrow();
  expect(readdirSync(directory)).toEqual(['peers.json']);
});
