import { describe, expect, test } from '@jest/globals';
import { formatNote, parseNote, verifierKey, KEY_TYPE } from '#libs/note';
import { SIGNERS, forkEvidence, headOf, history, signedNote } from '../../../test/contradictions.js';
import { naiveReader } from '../../../test/naive-tree.js';
import { cosigner, ecdsaSigner, ed25519Signer, mlDsa44Signer, rfc6962Signer } from '../../../test/note-signers.js';
import {
  formatEvidence,
  judge,
  openSignedHeads,
  relateHeads,
  statedTimeMs,
  verifyEvidence,
  weighEvidence,
  type DifferentSizes,
  type SameSize,
  type SignedHead,
} from './index.js';

// What happens to honest logs and honest witnesses. None of it may raise evidence.

const ORIGIN = 'log.example/2026';
const code = (name: string): unknown => expect.objectContaining({ code: name });
const noTree = (): never => {
  throw new Error('the tree is not read');
};

test('one RFC 6962 key that signs for two logs contradicts itself in neither', async () => {
  const ct = rfc6962Signer('ct.example/2026');
  const sameKey = verifierKey('ct.example/2027', KEY_TYPE.rfc6962, ct.key.publicKey);
  const one = await headOf('ct.example/2026', history(8), ct);
  // Its signature does not cover the origin: the very bytes verify under the other name.
  const { text, signatures } = parseNote((await headOf('ct.example/2026', history(8, 3), ct)).note);
  const renamed = new TextEncoder().encode(new TextDecoder().decode(text).replace('2026', '2027'));
  const lines = signatures.map((line) => ({ ...line, name: sameKey.name, keyId: sameKey.id }));
  const [other] = openSignedHeads(formatNote({ text: renamed, signatures: lines }), [sameKey]);
  expect(other?.checkpoint.origin).toBe('ct.example/2027');
  expect(judge([one], other!)).toEqual({ kind: 'new' });
  expect((await relateHeads(one, other!, noTree)).kind).toBe('unproven');
});

describe('the same tree signed again', () => {
  test.each(SIGNERS)('by %s with another signature is known', async (_, make) => {
    const signer = make(ORIGIN);
    const [one, again] = [await headOf(ORIGIN, history(8), signer), await headOf(ORIGIN, history(8), signer)];
    expect(judge([one], again)).toEqual({ kind: 'known' });
    expect(await relateHeads(one, again, noTree)).toEqual({ kind: 'consistent', proof: [] });
  });

  test.each([
    ['ECDSA', ecdsaSigner(ORIGIN)],
    ['ML-DSA-44', mlDsa44Signer(ORIGIN)],
  ])('with %s has other bytes indeed', async (_, signer) => {
    const notes = [await headOf(ORIGIN, history(8), signer), await headOf(ORIGIN, history(8), signer)];
    expect(notes[0]?.note).not.toEqual(notes[1]?.note);
  });

  test('with other extension lines is known', async () => {
    for (const signer of [ed25519Signer(ORIGIN), ecdsaSigner(ORIGIN), cosigner('witness.example/w', 5n)]) {
      const heads = await Promise.all(
        [[], ['grease one'], ['grease', 'two']].map((extensions) => headOf(ORIGIN, history(8), signer, { extensions })),
      );
      const [plain, one, two] = heads as [SignedHead, SignedHead, SignedHead];
      expect([judge([plain], one), judge([one], two)]).toEqual([{ kind: 'known' }, { kind: 'known' }]);
    }
  });

  test('with grease lines of unknown keys is known', async () => {
    const log = ed25519Signer(ORIGIN);
    const [grease, other] = [ed25519Signer('grease.example'), ed25519Signer('grease.example')];
    const heads = await Promise.all(
      [[log], [grease, log], [log, other]].map(async (signers) =>
        openSignedHeads(await signedNote(ORIGIN, history(8), signers), [log.key]),
      ),
    );
    const [[plain], [one], [two]] = heads as [[SignedHead], [SignedHead], [SignedHead]];
    expect([judge([plain], one), judge([one], two)]).toEqual([{ kind: 'known' }, { kind: 'known' }]);
  });

  test('by a CT log at another time is known', async () => {
    let now = 5n;
    const log = rfc6962Signer(ORIGIN, () => now++);
    const [one, later] = [await headOf(ORIGIN, history(8), log), await headOf(ORIGIN, history(8), log)];
    expect([statedTimeMs(one), statedTimeMs(later)]).toEqual([5n, 6n]);
    expect(judge([one], later)).toEqual({ kind: 'known' });
  });
});

test('a stale checkpoint is behind, and consistent', async () => {
  const log = ed25519Signer(ORIGIN);
  const [stale, latest] = [await headOf(ORIGIN, history(8), log), await headOf(ORIGIN, history(13), log)];
  expect(judge([latest], stale)).toEqual({ kind: 'behind' });
  expect(await relateHeads(stale, latest, naiveReader(history(13)))).toMatchObject({ kind: 'consistent' });
});

test('a CDN that serves old and new checkpoints in turns shows one history', async () => {
  const log = ed25519Signer(ORIGIN);
  const seen: SignedHead[] = [];
  for (const size of [5, 13, 5, 8, 13, 1, 20, 8]) {
    const head = await headOf(ORIGIN, history(size), log);
    expect(judge(seen, head).kind).not.toBe('equivocation');
    for (const other of seen) {
      const [older, newer] = other.checkpoint.size <= head.checkpoint.size ? [other, head] : [head, other];
      const read = naiveReader(history(Number(newer.checkpoint.size)));
      expect(await relateHeads(older, newer, read)).toMatchObject({ kind: 'consistent' });
    }
    seen.push(head);
  }
});

describe('two keys of one origin', () => {
  const [old, fresh] = [ed25519Signer(ORIGIN), ed25519Signer(ORIGIN)];

  test('that sign one history after a rotation are consistent', async () => {
    const [older, newer] = [await headOf(ORIGIN, history(8), old), await headOf(ORIGIN, history(13), fresh)];
    expect(judge([older], newer)).toEqual({ kind: 'new' });
    expect(await relateHeads(older, newer, naiveReader(history(13)))).toMatchObject({ kind: 'consistent' });
  });

  test('that contradict each other are a suspicion at most', async () => {
    const leaves = history(13, 3);
    const [older, newer] = [await headOf(ORIGIN, history(8), old), await headOf(ORIGIN, leaves, fresh)];
    expect(judge([older], newer)).toEqual({ kind: 'new' });
    expect(await relateHeads(older, newer, naiveReader(leaves))).toMatchObject({
      kind: 'unproven',
      suspicion: 'cross-key',
    });
    const sameSize = await headOf(ORIGIN, history(8, 3), fresh);
    expect(judge([older], sameSize)).toEqual({ kind: 'new' });
    expect(await relateHeads(older, sameSize, noTree)).toMatchObject({ kind: 'unproven', suspicion: 'cross-key' });
  });

  test('can’t be made into evidence against either of them', async () => {
    const notes = [await headOf(ORIGIN, history(8), old), await headOf(ORIGIN, history(8, 3), fresh)].map(
      ({ note }) => note,
    );
    for (const { key: accused } of [old, fresh]) {
      for (const [a, b] of [notes, notes.toReversed()]) {
        const evidence = { kind: 'same-size', accused, origin: ORIGIN, notes: [a, b] } as SameSize;
        expect(() => verifyEvidence(evidence)).toThrow(
          expect.objectContaining({ code: expect.stringMatching(/^(invalid-signature|malformed-evidence)$/) }),
        );
      }
    }
  });

  test('of a log and its witness accuse neither', async () => {
    const witness = cosigner('witness.example/w', 5n);
    const [ours, theirs] = [await headOf(ORIGIN, history(8), old), await headOf(ORIGIN, history(8, 3), witness)];
    expect(judge([ours], theirs)).toEqual({ kind: 'new' });
  });
});

test('a test log that begins again under a new key is another log', async () => {
  const [before, after] = [ed25519Signer(ORIGIN), ed25519Signer(ORIGIN)];
  const known = [await headOf(ORIGIN, history(20), before)];
  for (const size of [0, 1, 8]) {
    const head = await headOf(ORIGIN, history(size, 0), after);
    expect(judge(known, head)).toEqual({ kind: 'new' });
    expect((await relateHeads(head, known[0]!, naiveReader(history(20)))).kind).not.toBe('equivocation');
  }
});

test('a checkpoint that was witnessed and never published is a prefix of the next one', async () => {
  const [log, witness] = [ed25519Signer(ORIGIN), cosigner('witness.example/w', 5n)];
  for (const signer of [log, witness]) {
    const witnessed = await headOf(ORIGIN, history(10), signer);
    const published = await headOf(ORIGIN, history(12), signer);
    expect(judge([await headOf(ORIGIN, history(9), signer)], witnessed)).toEqual({ kind: 'new' });
    expect(await relateHeads(witnessed, published, naiveReader(history(12)))).toMatchObject({ kind: 'consistent' });
  }
});

test.each([
  ['Ed25519', cosigner],
  ['ML-DSA-44', mlDsa44Signer],
])('a witness with an %s key whose clock steps back is not accused', async (_, make) => {
  let now = 2000n;
  const witness = make('witness.example/w', () => now);
  const first = await headOf(ORIGIN, history(8), witness);
  now = 1000n; // twice "the largest tree that was seen", in the wrong order
  const second = await headOf(ORIGIN, history(13), witness);
  expect([statedTimeMs(first), statedTimeMs(second)]).toEqual([2_000_000n, 1_000_000n]);
  expect(judge([first], second)).toEqual({ kind: 'new' });
  expect(judge([second], first)).toEqual({ kind: 'behind' });
  expect(await relateHeads(first, second, naiveReader(history(13)))).toMatchObject({ kind: 'consistent' });
});

test('evidence about a stranger’s key that bears a known name is of an unknown key', async () => {
  const [known, stranger] = [ed25519Signer(ORIGIN), ed25519Signer(ORIGIN)];
  const evidence = await forkEvidence(ORIGIN, stranger, { older: 8, newer: 13, forkAt: 3 });
  expect(verifyEvidence(evidence).accused).toEqual(stranger.key);
  expect(weighEvidence(evidence, [known.key])).toBe('unknown-key');
});

describe('an accusation that anybody could make up', () => {
  const log = ed25519Signer(ORIGIN);
  const honest = async (): Promise<DifferentSizes> => {
    const fork = (await forkEvidence(ORIGIN, log, { older: 8, newer: 13, forkAt: 3 })) as DifferentSizes;
    const [older, newer] = [await headOf(ORIGIN, history(8), log), await headOf(ORIGIN, history(13), log)];
    return { ...fork, older: older.note, newer: newer.note };
  };

  test('by a consistency proof that fails does not hold', async () => {
    const evidence = await honest();
    expect(() => verifyEvidence(evidence)).toThrow(code('invalid-proof'));
    expect(() => verifyEvidence({ ...evidence, proof: [new Uint8Array(32)] })).toThrow(code('invalid-proof'));
  });

  test('by the honest proof of two heads that fit each other does not hold', async () => {
    const evidence = await honest();
    const [older, newer] = [await headOf(ORIGIN, history(8), log), await headOf(ORIGIN, history(13), log)];
    const relation = await relateHeads(older, newer, naiveReader(history(13)));
    if (relation.kind !== 'consistent') throw new Error('should be consistent');
    const { proof } = relation;
    expect(() => verifyEvidence({ ...evidence, root: older.checkpoint.root, proof })).toThrow(code('same-tree'));
  });

  test.each(SIGNERS)('by two signatures of %s on one tree does not hold', async (_, make) => {
    const signer = make(ORIGIN);
    const heads = [await headOf(ORIGIN, history(8), signer), await headOf(ORIGIN, history(8), signer)];
    const [a, b] = heads.map(({ note }) => note).toSorted(Buffer.compare);
    const evidence = { kind: 'same-size', accused: signer.key, origin: ORIGIN, notes: [a, b] } as SameSize;
    expect(() => verifyEvidence(evidence)).toThrow(code('same-tree'));
  });

  test('by a forged signature does not hold', async () => {
    const stranger = ed25519Signer(ORIGIN);
    const head = await headOf(ORIGIN, history(8), log);
    const { text, signatures } = parseNote((await headOf(ORIGIN, history(8, 3), stranger)).note);
    const forged = formatNote({ text, signatures: signatures.map((line) => ({ ...line, keyId: log.key.id })) });
    for (const notes of [[head.note, forged] as const, [forged, head.note] as const]) {
      const evidence: SameSize = { kind: 'same-size', accused: log.key, origin: ORIGIN, notes };
      expect(() => verifyEvidence(evidence)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(invalid-signature|malformed-evidence)$/) }),
      );
    }
  });

  test('by another log’s head of the same name under the same four bytes does not hold', async () => {
    const evidence = await forkEvidence(ORIGIN, log, { older: 8, newer: 8, forkAt: 3 });
    const cosigned = verifierKey(ORIGIN, KEY_TYPE.cosignature, log.key.publicKey);
    expect(() => verifyEvidence({ ...evidence, accused: cosigned })).toThrow(code('invalid-signature'));
    expect(formatEvidence(evidence)).toBeDefined();
  });
});
