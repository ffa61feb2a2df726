import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const LIBS = resolve(import.meta.dirname, '../../../libs');

/** Everything that loading `file` loads, and the packages it stops at. */
function loaded(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.endsWith('.ts')) return seen;
  for (const [, name] of readFileSync(file, 'utf8').matchAll(
    /^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)';/gms,
  )) {
    loaded(target(name!, file), seen);
  }
  return seen;
}

function target(name: string, from: string): string {
  if (name.startsWith('.')) return join(dirname(from), name.replace(/\.js$/, '.ts'));
  const lib = /^#libs\/(.+)$/.exec(name)?.[1];
  if (lib !== undefined) return join(LIBS, lib, 'src/index.ts');
  return name === '#crypto' ? join(LIBS, 'crypto/src/node.ts') : name;
}

test.each(['verify', 'verify-bundle', 'bundle-inspect', 'evidence-verify', 'evidence-show'])(
  '%s loads nothing that knows the network',
  (command) => {
    const files = [...loaded(join(import.meta.dirname, `commands/${command}.ts`))];
    expect(files.length).toBeGreaterThan(40);
    const network = /^node:(?:http|https|http2|net|tls|dgram|dns)$|^openid-client$|libs\/client\//;
    expect(files.filter((file) => network.test(file))).toEqual([]);
  },
);

test('to sign is to load the network: the test above would see it', () => {
  const files = [...loaded(join(import.meta.dirname, 'commands/sign.ts'))];
  expect(files.some((file) => file.includes('libs/client/'))).toBe(true);
});
