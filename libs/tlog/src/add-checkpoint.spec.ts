import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utf8Decode, utf8Encode } from '#libs/crypto';
import { MAX_SIZE } from '#libs/merkle';
import {
  PROOF_MAX_HASHES,
  formatAddCheckpointRequest,
  parseAddCheckpointRequest,
  witnessCheckpointPath,
} from './index.js';

const malformed = expect.objectContaining({ code: 'malformed-request' });

// From the example of C2SP tlog-witness.
const HASH = 'PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=';
const CHECKPOINT = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;
const BODY = `old 20852014\n${HASH}\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\n${CHECKPOINT}`;

describe('the body of add-checkpoint', () => {
  test('is read, and written back as it was', () => {
    const request = parseAddCheckpointRequest(utf8Encode(BODY));
    expect(request).toMatchObject({ oldSize: 20852014n, checkpoint: utf8Encode(CHECKPOINT) });
    expect(request.proof).toHaveLength(2);
    expect(utf8Decode(formatAddCheckpointRequest(request))).toBe(BODY);
  });

  test('has no hashes from size 0', () => {
    const request = { oldSize: 0n, proof: [], checkpoint: utf8Encode(CHECKPOINT) };
    expect(parseAddCheckpointRequest(utf8Encode(`old 0\n\n${CHECKPOINT}`))).toEqual(request);
  });

  test('is cut at the first empty line, as the note behind it may have more', () => {
    const request = parseAddCheckpointRequest(utf8Encode(BODY.replace('20852163', '20852163\n\n')));
    expect(utf8Decode(request.checkpoint)).toContain('20852163\n\n\n');
  });

  test('is read as it was written', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const request = fc.record({
      oldSize: fc.bigInt(0n, MAX_SIZE),
      proof: fc.array(hash, { maxLength: PROOF_MAX_HASHES }),
      checkpoint: fc.uint8Array(),
    });
    fc.assert(
      fc.property(request, (any) => {
        expect(parseAddCheckpointRequest(formatAddCheckpointRequest(any))).toEqual(any);
      }),
    );
  });

  test.each([
    ['nothing', ''],
    ['no empty line', BODY.replaceAll('\n\n', '\n')],
    ['no old size', BODY.slice(BODY.indexOf('\n') + 1)],
    ['an old size without a number', BODY.replace('old 20852014', 'old ')],
    ['two spaces', BODY.replace('old ', 'old  ')],
    ['a word after the old size', BODY.replace('20852014', '20852014 x')],
    ['a leading zero', BODY.replace('20852014', '020852014')],
    ['an old size below 0', BODY.replace('20852014', '-1')],
    ['an old size of 2^63', BODY.replace('20852014', '9223372036854775808')],
    ['a hash of 31 bytes', BODY.replace('kaw=', 'ka==')],
    ['a hash that is not base64', BODY.replace('PlRN', 'Pl-N')],
    ['64 hashes', BODY.replace(`${HASH}\n`, `${HASH}\n`.repeat(PROOF_MAX_HASHES))],
    ['carriage returns', BODY.replaceAll('\n', '\r\n')],
  ])('with %s is refused', (_, body) => {
    expect(() => parseAddCheckpointRequest(utf8Encode(body))).toThrow(malformed);
  });

  test('that is not UTF-8 is refused', () => {
    expect(() => parseAddCheckpointRequest(utf8Encode(BODY).with(4, 0xff))).toThrow(malformed);
  });

  test.each([
    ['a negative size', { oldSize: -1n }],
    ['64 hashes', { proof: Array.from({ length: 64 }, () => new Uint8Array(32)) }],
    ['a hash of 31 bytes', { proof: [new Uint8Array(31)] }],
  ])('is not written with %s', (_, part) => {
    const request = { oldSize: 0n, proof: [], checkpoint: utf8Encode(CHECKPOINT) };
    expect(() => formatAddCheckpointRequest({ ...request, ...part })).toThrow(malformed);
  });
});

test('a witness shows a checkpoint under the hash of its origin', () => {
  expect(witnessCheckpointPath('example.com/behind-the-sofa')).toBe(
    '5fd2dc0beb4ce54da5050cf6d5c75248b023abad441c3cecde3976fbe9da4fe4/checkpoint',
  );
});
