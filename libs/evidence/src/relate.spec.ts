import { describe, expect, test } from '@jest/globals';
import { EMPTY_ROOT, type NodeReader } from '#libs/merkle';
import { history, headOf } from '../../../test/contradictions.js';
import { naiveReader } from '../../../test/naive-tree.js';
import { cosigner, ed25519Signer, rfc6962Signer } from '../../../test/note-signers.js';
import { formatEvidence, judge, relateHeads, verifyEvidence, type SignedHead } from './index.js';

const ORIGIN = 'log.example/2026';
const log = ed25519Signer(ORIGIN);
const headAt = (size: number, forkAt = size): Promise<SignedHead> => headOf(ORIGIN, history(size, forkAt), log);
const unread = (): never => {
  throw new Error('read');
};

/** Complete subtrees are the same in every larger tree. */
function remembering(read: NodeReader): NodeReader {
  const nodes = new Map<string, Uint8Array | Promise<Uint8Array>>();
  return (level, index) => {
    const id = `${level} ${index}`;
    const node = nodes.get(id) ?? read(level, index);
    nodes.set(id, node);
    return node;
  };
}

describe('judged against what is known', () => {
  test('a head of a known tree is known, a larger one new, a smaller one behind', async () => {
    const known = [await headAt(8), await headAt(12)];
    expect(judge(known, await headAt(8))).toEqual({ kind: 'known' });
    expect(judge(known, await headAt(13))).toEqual({ kind: 'new' });
    expect(judge(known, await headAt(9))).toEqual({ kind: 'behind' });
    expect(judge([], await headAt(9))).toEqual({ kind: 'new' });
  });

  test('another root at a known size is equivocation, whichever came first, with the same bytes', async () => {
    const [a, b] = [await headAt(8), await headAt(8, 3)];
    const [one, other] = [judge([a], b), judge([b], a)];
    if (one.kind !== 'equivocation' || other.kind !== 'equivocation') throw new Error('should be equivocation');
    expect(formatEvidence(one.evidence)).toEqual(formatEvidence(other.evidence));
    expect(verifyEvidence(one.evidence)).toMatchObject({ role: 'log', accused: log.key, origin: ORIGIN });
  });

  test('a head of a known fork is known: its evidence was made when the fork was found', async () => {
    const fork = [await headAt(8), await headAt(8, 3)];
    expect(judge(fork, await headAt(8, 3))).toEqual({ kind: 'known' });
    expect(judge(fork, await headAt(8, 4))).toMatchObject({ kind: 'equivocation' });
  });
});

describe('related by the tree of the newer one', () => {
  // Sizes below 60 have every shape that the sizes of a tree come in, several times.
  const SIZES = Array.from({ length: 59 }, (_, i) => i + 1);

  test('5133 forks are all found, and their evidence holds', async () => {
    const heads = new Map<string, Promise<SignedHead>>();
    const head = (size: number, forkAt: number): Promise<SignedHead> => {
      const id = `${size} ${forkAt}`;
      const made = heads.get(id) ?? headAt(size, forkAt);
      heads.set(id, made);
      return made;
    };
    const readers = new Map<number, NodeReader>();
    const readerOf = (forkAt: number): NodeReader => {
      const reader = readers.get(forkAt) ?? remembering(naiveReader(history(59, forkAt)));
      readers.set(forkAt, reader);
      return reader;
    };
    let forks = 0;
    for (const newer of SIZES) {
      for (const older of SIZES.filter((size) => size < newer)) {
        for (const forkAt of [0, Math.floor(older / 2), older - 1]) {
          const read = readerOf(forkAt);
          const relation = await relateHeads(await head(older, older), await head(newer, forkAt), read);
          if (relation.kind !== 'equivocation') throw new Error(`${older} ${newer} ${forkAt}: ${relation.kind}`);
          // Of each pair of sizes one is verified, another one each time: signatures are what takes the time here.
          if (forks % 3 === (older + newer) % 3) verifyEvidence(relation.evidence);
          forks += 1;
        }
      }
    }
    expect(forks).toBe(5133);
  });

  test('1711 pairs of heads of honest histories are all consistent', async () => {
    const heads = await Promise.all(SIZES.map((size) => headAt(size)));
    const read = remembering(naiveReader(history(59)));
    for (const [i, newer] of heads.entries()) {
      for (const older of heads.slice(0, i)) {
        expect(await relateHeads(older, newer, read)).toMatchObject({ kind: 'consistent' });
      }
    }
  });

  test('equal sizes are judged without a look at the tree', async () => {
    expect(await relateHeads(await headAt(8), await headAt(8), unread)).toEqual({ kind: 'consistent', proof: [] });
    expect(await relateHeads(await headAt(8), await headAt(8, 3), unread)).toMatchObject({
      kind: 'equivocation',
      evidence: { kind: 'same-size' },
    });
  });

  test('everything begins with the empty tree', async () => {
    const [empty, newer] = [await headAt(0), await headAt(8)];
    expect(empty.checkpoint.root).toEqual(EMPTY_ROOT);
    expect(await relateHeads(empty, newer, unread)).toEqual({ kind: 'consistent', proof: [] });
    expect(await relateHeads(empty, await headAt(0), unread)).toEqual({ kind: 'consistent', proof: [] });
  });

  test('a root of size 0 that is none is not linked to anything', async () => {
    const strange = await headOf(ORIGIN, [], log, { root: new Uint8Array(32) });
    expect(await relateHeads(strange, await headAt(8), unread)).toMatchObject({ kind: 'unproven' });
  });

  test.each([
    ['throws', unread],
    ['serves another tree', naiveReader(history(13, 2))],
    ['serves the older fork', naiveReader(history(13))],
    ['serves hashes of another length', () => new Uint8Array(31)],
    ['serves nothing but zeros', () => new Uint8Array(32)],
  ])('a reader that %s proves nothing', async (_, read) => {
    const relation = await relateHeads(await headAt(8), await headAt(13, 3), read);
    expect(relation).toEqual({ kind: 'unproven', reason: expect.any(String) });
  });

  test('heads in the wrong order, or of two logs, are not related', async () => {
    expect(await relateHeads(await headAt(13), await headAt(8), unread)).toMatchObject({ kind: 'unproven' });
    const other = await headOf('other.example', history(13), ed25519Signer('other.example'));
    expect(await relateHeads(await headAt(8), other, unread)).toMatchObject({ kind: 'unproven' });
  });

  test('a witness is accused by its own two heads, and the log is not', async () => {
    const witness = cosigner('witness.example/w', 5n);
    const leaves = history(13, 3);
    const relation = await relateHeads(
      await headOf(ORIGIN, history(8), witness),
      await headOf(ORIGIN, leaves, witness),
      naiveReader(leaves),
    );
    if (relation.kind !== 'equivocation') throw new Error('should be equivocation');
    expect(verifyEvidence(relation.evidence)).toMatchObject({ role: 'witness', accused: witness.key, origin: ORIGIN });
  });

  test('a CT log that gives its two trees two origins is accused all the same', async () => {
    const ct = rfc6962Signer(ORIGIN);
    const leaves = history(13, 3);
    const older = await headOf('one.example', history(8), ct);
    const newer = await headOf('other.example', leaves, ct);
    expect(await relateHeads(older, newer, naiveReader(leaves))).toMatchObject({
      kind: 'equivocation',
      evidence: { origin: ORIGIN },
    });
  });
});
