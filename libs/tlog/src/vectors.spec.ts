import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { hashLeaf } from '#libs/merkle';
import { parseVerifierKey } from '#libs/note';
import { vectors } from '../../../test/vectors.js';
import {
  EMPTY_EDGE,
  edgeRoot,
  encodeEntryBundle,
  entryBundlePath,
  formatCheckpoint,
  integrate,
  logVerifier,
  openCheckpoint,
  parseEntryBundle,
  tilePath,
} from './index.js';

// transparency-dev/tessera testdata/log: a log of 15 entries, published after each; the size-0 checkpoint comes first.
const folder = vectors('tlog-tiles/testdata/log');
const LAST = 15;
const VKEY = 'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx';

(folder ? describe : describe.skip)('the log of tessera', () => {
  const file = (path: string): Uint8Array => new Uint8Array(readFileSync(join(folder as string, path)));
  const verifier = logVerifier(parseVerifierKey(VKEY));
  const entries = (): Uint8Array[] => parseEntryBundle(file(entryBundlePath(0n, LAST)));

  test.each(Array.from({ length: LAST + 1 }, (_, size) => size))(
    'checkpoint %d is that of its first entries',
    (size) => {
      const { checkpoint, note } = openCheckpoint(file(`checkpoint.${size}`), [verifier]);
      const { edge } = integrate(EMPTY_EDGE, entries().slice(0, size).map(hashLeaf));
      const derived = { origin: 'example.com/log/testdata', size: BigInt(size), root: edgeRoot(edge), extensions: [] };
      expect(checkpoint).toEqual(derived);
      expect(formatCheckpoint(derived)).toEqual(note.text);
    },
  );

  test('every tile and every bundle is made again byte for byte', () => {
    let edge = EMPTY_EDGE;
    for (let size = 1; size <= LAST; size++) {
      const grown = integrate(
        edge,
        entries()
          .slice(size - 1, size)
          .map(hashLeaf),
      );
      expect(grown.tiles.map(({ bytes }) => bytes)).toEqual([file(tilePath(0, 0n, size))]);
      expect(encodeEntryBundle(entries().slice(0, size))).toEqual(file(entryBundlePath(0n, size)));
      edge = grown.edge;
    }
  });
});
