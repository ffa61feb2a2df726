import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { MAX_SIZE } from '#libs/merkle';
import { PROOF_MAX_HASHES, formatTlogProof, parseTlogProof } from './index.js';

const malformed = expect.objectContaining({ code: 'malformed-proof' });

const HASH = 'gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=';
const CHECKPOINT = `example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;
const PROOF = `c2sp.org/tlog-proof@v1\nextra YWdl\nindex 73894\n${HASH}\n${HASH}\n\n${CHECKPOINT}`;

describe('a tlog-proof', () => {
  test('is read, and written back as it was', () => {
    const proof = parseTlogProof(utf8Encode(PROOF));
    expect(proof).toMatchObject({ index: 73894n, extra: utf8Encode('age'), checkpoint: utf8Encode(CHECKPOINT) });
    expect(proof.hashes).toHaveLength(2);
    expect(utf8Decode(formatTlogProof(proof))).toBe(PROOF);
  });

  test('of the first entry of a log of one needs neither hashes nor extra data', () => {
    const text = `c2sp.org/tlog-proof@v1\nindex 0\n\n${CHECKPOINT}`;
    expect(parseTlogProof(utf8Encode(text))).toEqual({ index: 0n, hashes: [], checkpoint: utf8Encode(CHECKPOINT) });
  });

  test('keeps empty lines inside the checkpoint', () => {
    const text = PROOF.replace('109482', '\n\n109482');
    expect(utf8Decode(parseTlogProof(utf8Encode(text)).checkpoint)).toContain('\n\n\n109482');
  });

  test('is read as it was written', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const proof = fc.record(
      {
        index: fc.bigInt(0n, MAX_SIZE),
        hashes: fc.array(hash, { maxLength: PROOF_MAX_HASHES }),
        checkpoint: fc.uint8Array(),
        extra: fc.uint8Array({ minLength: 1 }),
      },
      { requiredKeys: ['index', 'hashes', 'checkpoint'] },
    );
    fc.assert(
      fc.property(proof, (any) => {
        expect(parseTlogProof(formatTlogProof(any))).toEqual(any);
      }),
    );
  });

  test.each([
    ['another version', PROOF.replace('@v1', '@v2')],
    ['no empty line', PROOF.replaceAll('\n\n', '\n')],
    ['no index', PROOF.replace('index 73894\n', '')],
    ['a leading zero in the index', PROOF.replace('73894', '073894')],
    ['an index of 2^63', PROOF.replace('73894', '9223372036854775808')],
    ['an empty extra line', PROOF.replace('YWdl', '')],
    ['extra data that is not base64', PROOF.replace('YWdl', 'YWd')],
    ['two extra lines', PROOF.replace('extra YWdl\n', 'extra YWdl\nextra YWdl\n')],
    ['the extra line after the index', PROOF.replace('extra YWdl\nindex 73894\n', 'index 73894\nextra YWdl\n')],
    ['a hash of 31 bytes', PROOF.replace('PlQ=', 'Pg==')],
    ['a carriage return', PROOF.replaceAll('\n', '\r\n')],
    ['64 hashes', PROOF.replace(`${HASH}\n`, `${HASH}\n`.repeat(PROOF_MAX_HASHES))],
  ])('with %s is refused', (_, text) => {
    expect(() => parseTlogProof(utf8Encode(text))).toThrow(malformed);
  });

  test.each([
    ['a negative index', { index: -1n }],
    ['64 hashes', { hashes: Array.from({ length: 64 }, () => new Uint8Array(32)) }],
    ['a hash of 31 bytes', { hashes: [new Uint8Array(31)] }],
    ['empty extra data', { extra: new Uint8Array(0) }],
  ])('is not written with %s', (_, part) => {
    expect(() => formatTlogProof({ index: 0n, hashes: [], checkpoint: utf8Encode(CHECKPOINT), ...part })).toThrow(
      malformed,
    );
  });
});
