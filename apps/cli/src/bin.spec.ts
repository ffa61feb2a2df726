import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const APPS = resolve(import.meta.dirname, '../..');
const PROGRAMS = [
  ['tally', 'cli', 'src'],
  ['tally-admin', 'log', 'src/admin'],
  ['tally-witness', 'witness', 'src'],
  ['tally-monitor', 'monitor', 'src'],
] as const;
// Loaded first, it makes the bin believe that it runs on an older Node.
const NODE_20 = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.19.0'}})`;

describe.each(PROGRAMS)('the bin of %s', (program, app, source) => {
  const bin = `${app}/bin/${program}.js`;
  let root: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tally-'));
    for (const folder of [`apps/${app}/bin`, `dist/apps/${app}/${source}`, 'node_modules/.bin']) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    writeFileSync(join(root, 'package.json'), '{"type":"module"}');
    for (const file of ['launch.js', bin]) copyFileSync(join(APPS, file), join(root, 'apps', file));
    symlinkSync(join(root, 'apps', bin), join(root, 'node_modules/.bin', program));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** As npx does it: by the link. */
  function start(nodeOptions: readonly string[], ...argv: readonly string[]): { status: number | null; out: string } {
    const { TALLY_NODE: _, ...env } = process.env;
    const all = [...nodeOptions, join(root, 'node_modules/.bin', program), ...argv];
    const { status, stdout, stderr } = spawnSync(process.execPath, all, { env, encoding: 'utf8' });
    return { status, out: stdout + stderr };
  }

  function executable(path: string, text: string): void {
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }

  test('is executable', () => {
    expect(statSync(join(APPS, bin)).mode & 0o111).toBe(0o111);
  });

  test('starts what was built', () => {
    writeFileSync(
      join(root, `dist/apps/${app}/${source}/main.js`),
      'console.log(process.argv.slice(2).join()); process.exitCode = 7;',
    );
    expect(start([], 'verify', 'a.txt')).toEqual({ status: 7, out: 'verify,a.txt\n' });
  });

  test('says that it has to be built', () => {
    const { status, out } = start([]);
    expect(status).toBe(2);
    expect(out).toMatch(new RegExp(`^error: ${program} is not built yet .* npm run build .*\n$`));
  });

  test('has one line for an older Node', () => {
    const { status, out } = start(['--import', NODE_20]);
    expect(status).toBe(2);
    expect(out).toMatch(
      new RegExp(`^error: ${program} needs Node 24 or newer, this is 20\\.19\\.0: .*npm install.*\n$`),
    );
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
    expect(out).toContain(`${program} needs Node 24`);
  });
});
