import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { build, type BuildResult } from 'esbuild';
import { browserIsInstalled, launchBrowser } from './browser.js';
import { vectors } from './vectors.js';

const PORTABLE = [
  'crypto',
  'merkle',
  'note',
  'tlog',
  'certificate',
  'entry',
  'timestamp',
  'verify',
  'evidence',
  'client',
];

/** The portable libraries in one script, as a browser loads them. */
function bundled(): Promise<BuildResult<{ write: false; metafile: true }>> {
  const contents = PORTABLE.map((lib) => `export * as ${lib} from '#libs/${lib}';`).join('\n');
  return build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    globalName: 'tally',
    platform: 'browser',
    logLevel: 'silent',
  });
}

interface Case {
  readonly name: string;
  readonly bundle: string;
  readonly trustedRoot: string;
  readonly artifact: readonly number[];
}

const suite = vectors('sigstore-conformance/bundle-verify');
const publicGood = vectors('public-good');

/** Certificates and managed keys of every kind are in the Rekor v2 cases that need nothing on the command line. */
function cases(): Case[] {
  const folder = suite ?? '';
  const names = readdirSync(folder).filter((name) => name.startsWith('rekor2-'));
  return names.map((name) => {
    const path = (file: string): string => join(folder, name, file);
    const artifact = existsSync(path('artifact')) ? path('artifact') : join(folder, 'a.txt');
    const root = existsSync(path('trusted_root.json'))
      ? path('trusted_root.json')
      : join(publicGood ?? '', 'trusted_root.json');
    return {
      name,
      bundle: readFileSync(path('bundle.sigstore.json'), 'utf8'),
      trustedRoot: readFileSync(root, 'utf8'),
      artifact: [...readFileSync(artifact)],
    };
  });
}

/** Runs in the page: the libraries are the global `tally`. */
const VERDICT = `({ bundle, trustedRoot, artifact }) => {
  try {
    tally.verify.verifyBundle({
      bundle: tally.verify.parseBundle(bundle),
      artifact: { kind: 'bytes', bytes: Uint8Array.from(artifact) },
      trustedRoot: tally.verify.parseTrustedRoot(JSON.parse(trustedRoot)),
      identity: { subject: /^/, issuer: /^/ },
      now: new Date(),
    });
    return 'verified';
  } catch (error) {
    return error.code ?? String(error);
  }
}`;

describe('the portable libraries, bundled for a browser', () => {
  let result: Awaited<ReturnType<typeof bundled>>;
  beforeAll(async () => {
    result = await bundled();
  });

  test('hold every portable lib, and nothing of Node', () => {
    const inputs = Object.entries(result.metafile.inputs);
    expect(inputs.flatMap(([, { imports }]) => imports.filter(({ external }) => external))).toEqual([]);
    expect(result.outputFiles[0]?.text).not.toMatch(/['"]node:/);
    for (const lib of PORTABLE) expect(inputs.some(([path]) => path.includes(`libs/${lib}/src/`))).toBe(true);
  });

  (suite && publicGood && browserIsInstalled() ? test : test.skip)(
    'give the verdicts of sigstore-conformance in Chromium',
    async () => {
      const browser = await launchBrowser();
      try {
        const page = await browser.newPage();
        await page.addScriptTag({ content: result.outputFiles[0]?.text ?? '' });
        const found = cases();
        expect(found.length).toBeGreaterThan(20);
        for (const one of found) {
          const verdict = await page.evaluate<string>(`(${VERDICT})(${JSON.stringify(one)})`);
          const { name } = one;
          // What fails, fails with a code of ours, and not by a bug.
          expect({ name, verdict }).toEqual({
            name,
            verdict: name.endsWith('_fail') ? expect.stringMatching(/^[a-z-]+$/) : 'verified',
          });
          if (name.endsWith('_fail')) expect(verdict).not.toBe('verified');
        }
      } finally {
        await browser.close();
      }
    },
  );
});
