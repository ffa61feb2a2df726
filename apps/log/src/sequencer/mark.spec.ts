import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkMark, MarkFile, type Committed, type Mark } from './mark.js';

const root = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const mark: Mark = { size: 5n, root: root(5), timestampMs: 1_000n };

describe('the mark', () => {
  const store: Committed = { size: 9n, signed: true, rootAt: (size) => (size === 5n ? root(5) : undefined) };

  test('lets the signer go on with a store that holds what was signed', () => {
    expect(() => checkMark(mark, store)).not.toThrow();
  });

  test.each([
    ['mark-ahead', 'a store that lost its end', mark, { ...store, size: 4n }],
    ['mark-differs', 'another root at the marked size', { ...mark, root: root(6) }, store],
    ['mark-differs', 'a marked size that never was', { ...mark, size: 6n }, store],
    ['mark-missing', 'no mark beside signed checkpoints', undefined, store],
  ] as const)('%s: refuses %s', (code, _what, found, committed) => {
    expect(() => checkMark(found, committed)).toThrow(expect.objectContaining({ code }));
  });

  test('may be missing while nothing was signed', () => {
    expect(() => checkMark(undefined, { ...store, signed: false })).not.toThrow();
  });
});

describe('the mark file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tally-mark-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('is read back as it was written, and is nobody else’s to read', async () => {
    const file = new MarkFile(join(folder, 'mark'), 'log.example');
    expect(await file.read()).toBeUndefined();
    await file.write({ ...mark, size: 4n });
    await file.write(mark);
    expect(await file.read()).toEqual(mark);
    expect((await stat(join(folder, 'mark'))).mode & 0o777).toBe(0o600);
  });

  test('of another log, or damaged, stops the signer', async () => {
    const path = join(folder, 'mark');
    await new MarkFile(path, 'other.example').write(mark);
    const file = new MarkFile(path, 'log.example');
    const malformed = expect.objectContaining({ code: 'malformed-mark' });
    await expect(file.read()).rejects.toThrow(malformed);
    for (const text of [
      '',
      'tally-mark/v1\nlog.example\n5\nAAAA\n1000\n',
      'tally-mark/v1\nlog.example\n-5\n\n1\n',
      'x'.repeat(2000),
    ]) {
      await writeFile(path, text);
      await expect(file.read()).rejects.toThrow(malformed);
    }
  });
});
