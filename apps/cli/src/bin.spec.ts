import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const BIN = resolve(import.meta.dirname, '../bin/tally.js');
// Loaded first, it makes the bin believe that it runs on an older Node.
const NODE_20 = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.19.0'}})`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tally-'));
  for (const folder of ['apps/cli/bin', 'dist/apps/cli/src', 'node_modules/.bin']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  copyFileSync(BIN, join(root, 'apps/cli/bin/tally.js'));
});
afterEach(() => rmSync(root, { recursive: true }));

function start(nodeOptions: readonly string[], ...argv: readonly string[]): { status: number | null; out: string } {
  const { TALLY_NODE: _, ...env } = process.env;
  const all = [...nodeOptions, join(root, 'apps/cli/bin/tally.js'), ...argv];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { env, encoding: 'utf8' });
  return { status, out: stdout + stderr };
}

function executable(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

test('the bin is executable', () => {
  expect(statSync(BIN).mode & 0o111).toBe(0o111);
});

describe('the bin', () => {
  test('starts what was built', () => {
    writeFileSync(
      join(root, 'dist/apps/cli/src/main.js'),
      'console.log(process.argv.slice(2).join()); process.exitCode = 7;',
    );
    expect(start([], 'verify', 'a.txt')).toEqual({ status: 7, out: 'verify,a.txt\n' });
  });

  test('says that it has to be built', () => {
    const { status, out } = start([]);
    expect(status).toBe(2);
    expect(out).toMatch(/^error: tally is not built yet .* npm run build .*\n$/);
  });

  test('has one line for an older Node', () => {
    const { status, out } = start(['--import', NODE_20]);
    expect(status).toBe(2);
    expect(out).toMatch(/^error: tally needs Node 24 or newer, this is 20\.19\.0: .*\n$/);
  });

  test('goes on with the Node that npm brought', () => {
    executable(join(root, 'node_modules/.bin/node'), '#!/bin/sh\nshift\necho "newer: $*"\nexit 3\n');
    expect(start(['--import', NODE_20], 'verify', 'a b')).toEqual({ status: 3, out: 'newer: verify a b\n' });
  });

  test('does not go round in circles when that one is old as well', () => {
    executable(
      join(root, 'node_modules/.bin/node'),
      `#!/bin/sh\nexec ${process.execPath} --import "${NODE_20}" "$@"\n`,
    );
    const { status, out } = start(['--import', NODE_20]);
    expect(status).toBe(2);
    expect(out).toContain('tally needs Node 24');
  });
});
