import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { vectors } from '../../../../test/vectors.js';
import { invoke } from '../testing/invoke.js';

const suite = vectors('sigstore-conformance/bundle-verify');
const publicGood = vectors('public-good');

const IDENTITY =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const ISSUER = 'https://token.actions.githubusercontent.com';

/** sigstore-conformance: test/client.py `build_verify_args`. */
function argvFor(folder: string, artifact: string): string[] {
  const own = (name: string): string | undefined => {
    const path = join(folder, name);
    return existsSync(path) ? path : undefined;
  };
  const text = (name: string): string | undefined => {
    const path = own(name);
    return path === undefined ? undefined : readFileSync(path, 'utf8').trim();
  };
  const key = own('key.pub');
  const signer =
    key === undefined
      ? ['--certificate-identity', text('identity') ?? IDENTITY, '--certificate-oidc-issuer', text('issuer') ?? ISSUER]
      : ['--key', key];
  const trustedRoot = own('trusted_root.json') ?? join(publicGood!, 'trusted_root.json');
  const bundle = join(folder, 'bundle.sigstore.json');
  return ['verify-bundle', '--bundle', bundle, ...signer, '--trusted-root', trustedRoot, artifact];
}

(suite && publicGood ? describe : describe.skip)('sigstore-conformance', () => {
  const cases = suite ? readdirSync(suite, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : [];

  test.each(cases.map(({ name }) => name))('%s', async (name) => {
    const folder = join(suite!, name);
    const own = join(folder, 'artifact');
    const artifact = existsSync(own) ? own : join(suite!, 'a.txt');
    const digest = `sha256:${createHash('sha256').update(readFileSync(artifact)).digest('hex')}`;
    for (const given of [artifact, digest]) {
      const { exit, stderr } = await invoke(argvFor(folder, given));
      expect([exit, stderr]).toEqual(
        name.endsWith('_fail') ? [expect.any(Number), expect.stringMatching(/./)] : [0, ''],
      );
      if (name.endsWith('_fail')) expect([1, 2, 4]).toContain(exit);
    }
  });
});
