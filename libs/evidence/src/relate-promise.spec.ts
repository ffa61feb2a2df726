import { describe, expect, test } from '@jest/globals';
import { p256 } from '@noble/curves/nist.js';
import { concatBytes } from '#libs/crypto';
import { encodeDigitallySigned, encodeSct, parseSct } from '#libs/certificate';
import { hashLeaf } from '#libs/merkle';
import { sctExtensions } from '#libs/tlog';
import { headOf, promiseOf } from '../../../test/contradictions.js';
import { leafHashesOf, naiveReader } from '../../../test/naive-tree.js';
import { ed25519Signer, rfc6962Signer } from '../../../test/note-signers.js';
import { formatEvidence, leafPromise, relatePromise, type PromisedEntry } from './index.js';

const ORIGIN = 'ct.example/2026';
const log = rfc6962Signer(ORIGIN);
const code = (name: string): unknown => expect.objectContaining({ code: name });
const ENTRY: PromisedEntry = { kind: 'x509', certificate: Uint8Array.of(0x30, 0x00) };
const promised = (index: bigint): { sct: Uint8Array; leafHash: Uint8Array } => {
  const sct = promiseOf(log, index, ENTRY);
  return { sct, leafHash: leafPromise(log.key, sct, ENTRY).leafHash };
};

describe('a promise', () => {
  test('is kept by the tree that has its leaf', async () => {
    const { sct, leafHash } = promised(5n);
    const leaves = [...leafHashesOf(5), leafHash, ...leafHashesOf(3)];
    const relation = await relatePromise(sct, ENTRY, await headOf(ORIGIN, leaves, log), naiveReader(leaves));
    expect(relation).toMatchObject({ kind: 'kept' });
  });

  test('is broken by the tree that has another one', async () => {
    const leaves = leafHashesOf(9);
    const relation = await relatePromise(
      promised(5n).sct,
      ENTRY,
      await headOf(ORIGIN, leaves, log),
      naiveReader(leaves),
    );
    expect(relation).toMatchObject({ kind: 'equivocation', evidence: { kind: 'leaf-index', accused: log.key } });
  });

  test('is open until the tree reaches its index', async () => {
    const head = await headOf(ORIGIN, leafHashesOf(5), log);
    expect(await relatePromise(promised(5n).sct, ENTRY, head, naiveReader(leafHashesOf(5)))).toMatchObject({
      kind: 'unproven',
    });
  });

  test('is open if the tree is served wrong', async () => {
    const head = await headOf(ORIGIN, leafHashesOf(9), log);
    const other = [...leafHashesOf(8), hashLeaf(Uint8Array.of(0xff))];
    expect(await relatePromise(promised(5n).sct, ENTRY, head, naiveReader(other))).toMatchObject({ kind: 'unproven' });
  });

  test('of a certificate that no evidence can hold is open', async () => {
    const entry = { kind: 'x509', certificate: new Uint8Array(200_000) } as const;
    const leaves = leafHashesOf(9);
    const head = await headOf(ORIGIN, leaves, log);
    expect(await relatePromise(promiseOf(log, 5n, entry), entry, head, naiveReader(leaves))).toMatchObject({
      kind: 'unproven',
      reason: expect.stringContaining('too large'),
    });
  });

  test('by either of the two ECDSA signatures that anybody can make of one makes the same evidence', async () => {
    const { sct } = promised(5n);
    const parsed = parseSct(sct);
    const { r, s } = p256.Signature.fromBytes(parsed.signature, 'der');
    const swapped = new p256.Signature(r, p256.Point.Fn.ORDER - s).toBytes('der');
    const twin = encodeSct({ ...parsed, digitallySigned: encodeDigitallySigned('ecdsa-sha256', swapped) });
    const leaves = leafHashesOf(9);
    const head = await headOf(ORIGIN, leaves, log);
    const [one, other] = await Promise.all(
      [sct, twin].map((any) => relatePromise(any, ENTRY, head, naiveReader(leaves))),
    );
    if (one?.kind !== 'equivocation' || other?.kind !== 'equivocation') throw new Error('should be equivocation');
    expect(formatEvidence(one.evidence)).toEqual(formatEvidence(other.evidence));
  });
});

describe('no promise of an index', () => {
  test.each([
    ['without extensions', new Uint8Array(0)],
    ['with another extension only', Uint8Array.of(1, 0, 1, 0)],
    ['with two leaf indexes', concatBytes(sctExtensions(5n), sctExtensions(6n))],
    ['with a leaf index of four bytes', Uint8Array.of(0, 0, 4, 0, 0, 0, 5)],
    ['with extensions that are cut off', sctExtensions(5n).subarray(0, -1)],
  ])('is an SCT %s', (_, extensions) => {
    expect(() => leafPromise(log.key, promiseOf(log, 5n, ENTRY, extensions), ENTRY)).toThrow(code('invalid-sct'));
  });

  test('is an SCT of another log, over another entry, or that is none', () => {
    const { sct } = promised(5n);
    expect(() => leafPromise(rfc6962Signer(ORIGIN).key, sct, ENTRY)).toThrow(code('invalid-sct'));
    expect(() => leafPromise(log.key, sct, { kind: 'x509', certificate: Uint8Array.of(1) })).toThrow(
      code('invalid-sct'),
    );
    expect(() => leafPromise(log.key, sct.subarray(1), ENTRY)).toThrow(code('invalid-sct'));
    expect(() => leafPromise(ed25519Signer(ORIGIN).key, sct, ENTRY)).toThrow(code('unsupported-key'));
  });

  test('other extensions beside the leaf index are passed over', () => {
    const extensions = concatBytes(Uint8Array.of(7, 0, 1, 9), sctExtensions(5n));
    expect(leafPromise(log.key, promiseOf(log, 5n, ENTRY, extensions), ENTRY).index).toBe(5n);
  });
});
