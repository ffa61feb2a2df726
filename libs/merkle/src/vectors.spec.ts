import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fromBase64 } from '#crypto';
import { vectors } from '../../../test/vectors.js';
import {
  MerkleError,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from './index.js';

// transparency-dev/merkle testdata: 518 proofs, good ones and ones mutated in one place.
const root = vectors('merkle/testdata');

/** Numbers come as bigint: some are above 2^53, which JSON.parse would round. */
function readVector(path: string): Record<string, unknown> {
  const quoted = readFileSync(path, 'utf8').replaceAll(/: (\d+)/g, ': "$1n"');
  return JSON.parse(quoted, (_, value: unknown) =>
    typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value,
  ) as Record<string, unknown>;
}

const int = (v: Record<string, unknown>, field: string): bigint => v[field] as bigint;
const hash = (v: Record<string, unknown>, field: string): Uint8Array => fromBase64(v[field] as string);
const proof = (v: Record<string, unknown>): Uint8Array[] => ((v.proof ?? []) as string[]).map((h) => fromBase64(h));

const SUITES: Record<string, [count: number, verify: (v: Record<string, unknown>) => void]> = {
  inclusion: [
    98,
    (v) =>
      verifyInclusion({
        index: int(v, 'leafIdx'),
        size: int(v, 'treeSize'),
        leafHash: hash(v, 'leafHash'),
        proof: proof(v),
        root: hash(v, 'root'),
      }),
  ],
  consistency: [
    98,
    (v) =>
      verifyConsistency({
        size1: int(v, 'size1'),
        root1: hash(v, 'root1'),
        size2: int(v, 'size2'),
        root2: hash(v, 'root2'),
        proof: proof(v),
      }),
  ],
  subtreeinclusion: [
    204,
    (v) =>
      verifySubtreeInclusion({
        index: int(v, 'leafIdx'),
        start: int(v, 'start'),
        end: int(v, 'end'),
        leafHash: hash(v, 'leafHash'),
        proof: proof(v),
        root: hash(v, 'root'),
      }),
  ],
  subtreeconsistency: [
    118,
    (v) =>
      verifySubtreeConsistency({
        start: int(v, 'start'),
        end: int(v, 'end'),
        size: int(v, 'size'),
        root1: hash(v, 'root1'),
        root2: hash(v, 'root2'),
        proof: proof(v),
      }),
  ],
};

(root ? describe : describe.skip)('vectors of transparency-dev/merkle', () => {
  test.each(Object.keys(SUITES))('every %s vector has the verdict it names', (suite) => {
    const [count, verify] = SUITES[suite] as (typeof SUITES)[string];
    const folder = join(root as string, suite);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
    expect(files).toHaveLength(count);
    for (const file of files) {
      const vector = readVector(join(folder, file));
      let failure: unknown;
      try {
        verify(vector);
      } catch (error) {
        failure = error;
      }
      const verdict = failure === undefined ? 'holds' : failure instanceof MerkleError ? 'refused' : failure;
      expect({ file, verdict }).toEqual({ file, verdict: vector.wantErr ? 'refused' : 'holds' });
    }
  });
});
