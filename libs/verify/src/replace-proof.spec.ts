import { describe, expect, test } from '@jest/globals';
import { jsonSpan } from './json-span.js';
import { replaceInclusionProof } from './replace-proof.js';
import { VerificationError } from './verification-error.js';

const proof = {
  logIndex: 7n,
  rootHash: Uint8Array.of(1),
  treeSize: 9n,
  hashes: [Uint8Array.of(2), Uint8Array.of(3)],
  checkpoint: 'log\n9\nAQ==\n\n— log AQ==\n',
};
const old = { logIndex: '7', rootHash: 'BA==', treeSize: '8', hashes: ['BQ=='], checkpoint: { envelope: '\\"}' } };
const bundle = {
  'a "quoted" \\ name': '}{][",',
  verificationMaterial: {
    tlogEntries: [
      { logIndex: '1', inclusionProof: null },
      { logIndex: '7', inclusionProof: old, after: [1, [2], {}] },
    ],
  },
  last: -1.5e3,
};
const changed = (json: string): string => replaceInclusionProof(json, 1, proof);
/** The same by way of values. */
const expected = structuredClone(bundle) as { verificationMaterial: { tlogEntries: object[] } };
expected.verificationMaterial.tlogEntries[1] = {
  ...bundle.verificationMaterial.tlogEntries[1],
  inclusionProof: {
    logIndex: '7',
    rootHash: 'AQ==',
    treeSize: '9',
    hashes: ['Ag==', 'Aw=='],
    checkpoint: { envelope: proof.checkpoint },
  },
};

describe('a proof is replaced, and no other byte changes', () => {
  test.each([undefined, 1, 2, 4, '\t'])('in JSON indented by %j', (indent) => {
    expect(changed(JSON.stringify(bundle, null, indent))).toBe(JSON.stringify(expected, null, indent));
  });

  test('in JSON that is spaced as nobody does it, with the names of the .proto file', () => {
    const json = ` {"x" :[ ],\r\n"verification_material"\t: {"tlog_entries":[{"inclusion_proof" : {} } ] }\n}\n`;
    const [before, after] = json.split('{}');
    const text = replaceInclusionProof(json, 0, proof);
    expect([text.startsWith(before!), text.endsWith(after!)]).toEqual([true, true]);
    expect(JSON.parse(text.slice(before!.length, -after!.length))).toMatchObject({ treeSize: '9' });
  });

  test('and of a name that is there twice it is the last, which is the one that is read', () => {
    const json = '{"verificationMaterial":{},"verificationMaterial":{"tlogEntries":[{"inclusionProof":{}}]}}';
    expect(JSON.parse(replaceInclusionProof(json, 0, proof))).toMatchObject({
      verificationMaterial: { tlogEntries: [{ inclusionProof: { logIndex: '7' } }] },
    });
  });
});

test('an entry without a proof is refused', () => {
  for (const entry of [0, 2]) {
    expect(() => replaceInclusionProof(JSON.stringify(bundle), entry, proof)).toThrow(VerificationError);
  }
});

test('nesting as deep as JSON may be is no depth of a stack', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  expect(jsonSpan(`{"a":${deep},"b":1}`, [['b']])).toEqual({ start: deep.length + 10, end: deep.length + 11 });
});
