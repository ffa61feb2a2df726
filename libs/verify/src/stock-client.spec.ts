import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { vectors } from '../../../test/vectors.js';
import { parseBundle } from './bundle.js';
import { formatBundle } from './format-bundle.js';
import { formatTrustedRoot, parseTrustedRoot } from './trusted-root.js';

const suite = vectors('sigstore-conformance/bundle-verify');

if (suite) {
  describe('@sigstore/verify', () => {
    test.each(['rekor2-happy-path', 'rekor2-dsse-happy-path', 'rekor2-checkpoint-cosigned'])(
      'accepts what we write of %s, trusted root and bundle',
      (name) => {
        const read = (file: string): string => readFileSync(join(suite, name, file), 'utf8');
        const trustedRoot = formatTrustedRoot(parseTrustedRoot(JSON.parse(read('trusted_root.json'))));
        const bundle = JSON.parse(formatBundle(parseBundle(read('bundle.sigstore.json'))));
        const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(trustedRoot)));
        const artifact = name.includes('dsse') ? undefined : readFileSync(join(suite, 'a.txt'));
        const signer = verifier.verify(toSignedEntity(bundleFromJSON(bundle), artifact));
        expect(signer.identity?.extensions?.issuer).toBe('https://token.actions.githubusercontent.com');
      },
    );
  });
} else {
  test.skip('@sigstore/verify', () => undefined);
}
