import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { equalBytes } from '#libs/crypto';
import { KEY_TYPE, verifierKey } from '#libs/note';
import { SIGNERS, brokenPromise, forkEvidence, headOf, history, promiseOf } from '../../../test/contradictions.js';
import { cosigner, ecdsaSigner, ed25519Signer, rfc6962Signer } from '../../../test/note-signers.js';
import {
  EvidenceError,
  accusedId,
  formatEvidence,
  verifyEvidence,
  weighEvidence,
  type DifferentSizes,
  type LeafIndex,
  type ProvenEvidence,
  type SameSize,
} from './index.js';

const ORIGIN = 'log.example/2026';
const code = (name: string): unknown => expect.objectContaining({ code: name });

/** What evidence states: who did what. */
function statement({ accused, origin, role, evidence, heads }: ProvenEvidence): unknown {
  return [accusedId(accused), origin, role, evidence.kind, heads.map(({ checkpoint }) => checkpoint)];
}

/** Throws what is no EvidenceError; undefined if the bytes are refused. */
function accepted(bytes: Uint8Array): ProvenEvidence | undefined {
  try {
    return verifyEvidence(bytes);
  } catch (error) {
    if (error instanceof EvidenceError) return undefined;
    throw error;
  }
}

describe.each(SIGNERS)('against %s', (who, make) => {
  const signer = make(ORIGIN);
  const role = who.includes('witness') ? 'witness' : 'log';

  test.each([
    ['two trees of one size', { older: 8, newer: 8, forkAt: 3 }],
    ['trees of two sizes', { older: 6, newer: 13, forkAt: 3 }],
  ])('%s hold, and no flipped bit makes another statement of them', async (_, sizes) => {
    const bytes = formatEvidence(await forkEvidence(ORIGIN, signer, sizes));
    const proven = verifyEvidence(bytes);
    expect(proven).toMatchObject({ role, accused: signer.key, origin: ORIGIN });
    expect(proven.summary).toContain(signer.key.name);

    // A post-quantum signature is long, and all alike; P-384 is slow, and nothing but the curve differs from P-256.
    const step = bytes.length > 4000 || who.includes('P-384') ? 7 : 1;
    for (let i = 0; i < bytes.length; i += step) {
      const flipped = bytes.with(i, (bytes[i] ?? 0) ^ (1 << (i % 8)));
      const other = accepted(flipped);
      if (other) expect(statement(other)).toEqual(statement(proven));
    }
  });

  test.each([
    ['trees of which the smaller is complete', { older: 8, newer: 13, forkAt: 3 }],
    ['trees of one and two leaves', { older: 1, newer: 2, forkAt: 0 }],
  ])('%s hold', async (_, sizes) => {
    const bytes = formatEvidence(await forkEvidence(ORIGIN, signer, sizes));
    expect(verifyEvidence(bytes)).toMatchObject({ role, accused: signer.key, origin: ORIGIN });
  });
});

test('a broken promise holds, of a precertificate and of a certificate, and no flipped bit makes another statement', async () => {
  const log = rfc6962Signer(ORIGIN);
  for (const evidence of [
    await brokenPromise(log),
    await brokenPromise(log, { kind: 'x509', certificate: Uint8Array.of(0x30, 0) }),
  ]) {
    const bytes = formatEvidence(evidence);
    const proven = verifyEvidence(bytes);
    expect(proven).toMatchObject({ role: 'log', accused: log.key });
    expect(proven.summary).toContain('index 5');
    for (let i = 0; i < bytes.length; i++) {
      const other = accepted(bytes.with(i, (bytes[i] ?? 0) ^ (1 << (i % 8))));
      if (other) expect(statement(other)).toEqual(statement(proven));
    }
  }
});

test('bytes cut out, put in and exchanged never make another statement', async () => {
  const log = ecdsaSigner(ORIGIN);
  const files = [
    formatEvidence(await forkEvidence(ORIGIN, log, { older: 8, newer: 8, forkAt: 3 })),
    formatEvidence(await forkEvidence(ORIGIN, log, { older: 6, newer: 13, forkAt: 3 })),
    formatEvidence(await brokenPromise(rfc6962Signer(ORIGIN))),
  ];
  const spliced = fc.record({
    from: fc.constantFrom(...files),
    into: fc.constantFrom(...files),
    at: fc.nat(700),
    length: fc.nat(80),
    source: fc.nat(700),
    taken: fc.nat(80),
  });
  fc.assert(
    fc.property(spliced, ({ from, into, at, length, source, taken }) => {
      const bytes = Uint8Array.from([
        ...into.subarray(0, at),
        ...from.subarray(source, source + taken),
        ...into.subarray(at + length),
      ]);
      const other = accepted(bytes);
      if (other) expect(files.some((file) => equalBytes(file, bytes))).toBe(true);
    }),
    { numRuns: 500 },
  );
});

describe('does not hold', () => {
  const log = ed25519Signer(ORIGIN);
  let sameSize: SameSize;
  let sizes: DifferentSizes;
  let leafIndex: LeafIndex;
  const ct = rfc6962Signer(ORIGIN);
  beforeAll(async () => {
    sameSize = (await forkEvidence(ORIGIN, log, { older: 8, newer: 8, forkAt: 3 })) as SameSize;
    sizes = (await forkEvidence(ORIGIN, log, { older: 6, newer: 13, forkAt: 3 })) as DifferentSizes;
    leafIndex = (await brokenPromise(ct)) as LeafIndex;
  });

  test('against another key', () => {
    const accused = ed25519Signer(ORIGIN).key;
    expect(() => verifyEvidence({ ...sameSize, accused })).toThrow(code('invalid-signature'));
    expect(() => verifyEvidence({ ...sizes, accused })).toThrow(code('invalid-signature'));
    expect(() => verifyEvidence({ ...leafIndex, accused })).toThrow(code('unsupported-key'));
    expect(() => verifyEvidence({ ...leafIndex, accused: rfc6962Signer(ORIGIN).key })).toThrow(code('invalid-sct'));
  });

  test('against the same key under another name or type', () => {
    const { name, type, publicKey } = log.key;
    expect(() => verifyEvidence({ ...sameSize, accused: verifierKey('a.example', type, publicKey) })).toThrow(
      code('invalid-signature'),
    );
    expect(() => verifyEvidence({ ...sameSize, accused: verifierKey(name, 0x04, publicKey) })).toThrow(
      code('invalid-signature'),
    );
  });

  test('against a key that is none', () => {
    // A point of small order: everything is signed by it.
    const accused = verifierKey(ORIGIN, KEY_TYPE.ed25519, new Uint8Array(32));
    const notes = sameSize.notes.map((note) => note.slice()) as [Uint8Array, Uint8Array];
    expect(() => verifyEvidence({ ...sameSize, accused, notes })).toThrow(EvidenceError);
  });

  test('when the sizes are two, and the kind says one', async () => {
    const [a, b] = [sizes.older, sizes.newer];
    for (const notes of [[a, b] as const, [b, a] as const]) {
      expect(() => verifyEvidence({ ...sizes, kind: 'same-size', notes } as SameSize)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(wrong-sizes|malformed-evidence)$/) }),
      );
    }
  });

  test('from the empty tree', async () => {
    const empty = await headOf(ORIGIN, [], log, { root: new Uint8Array(32) });
    expect(() => verifyEvidence({ ...sizes, older: empty.note })).toThrow(code('wrong-sizes'));
  });

  test('when the notes are of two logs', async () => {
    const witness = cosigner('witness.example/w', 5n);
    const other = await headOf('other.example', history(6), witness);
    const head = await headOf(ORIGIN, history(13, 3), witness);
    const evidence = { ...sizes, accused: witness.key, older: other.note, newer: head.note };
    expect(() => verifyEvidence(evidence)).toThrow(code('different-origins'));
  });

  test('by a proof that leads elsewhere, is cut, or has a hash too many', () => {
    const [first = new Uint8Array(32), ...rest] = sizes.proof;
    for (const proof of [rest, [first, ...sizes.proof], [first.with(0, (first[0] ?? 0) ^ 1), ...rest], []]) {
      expect(() => verifyEvidence({ ...sizes, proof })).toThrow(code('invalid-proof'));
    }
    expect(() => verifyEvidence({ ...sizes, root: new Uint8Array(32) })).toThrow(code('invalid-proof'));
    expect(() => verifyEvidence({ ...leafIndex, leafHash: new Uint8Array(32) })).toThrow(code('invalid-proof'));
    expect(() => verifyEvidence({ ...leafIndex, proof: leafIndex.proof.slice(1) })).toThrow(code('invalid-proof'));
  });

  test('by an SCT for another entry, another index, or none', () => {
    const entry = { kind: 'x509', certificate: Uint8Array.of(1) } as const;
    expect(() => verifyEvidence({ ...leafIndex, entry })).toThrow(code('invalid-sct'));
    const sct = promiseOf(ct, 6n, leafIndex.entry);
    expect(() => verifyEvidence({ ...leafIndex, sct })).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^(invalid-proof|not-canonical)$/) }),
    );
  });
});

describe('weighed', () => {
  const log = ed25519Signer(ORIGIN);

  test('the holder of a trusted key is guilty', async () => {
    const evidence = await forkEvidence(ORIGIN, log, { older: 8, newer: 8, forkAt: 3 });
    expect(weighEvidence(evidence, [ed25519Signer(ORIGIN).key, log.key])).toBe('guilty');
    expect(weighEvidence(evidence, [])).toBe('unknown-key');
  });

  test('the same key under another name or type is another key', () => {
    const { name, publicKey } = log.key;
    const others = [verifierKey('other.example', 0x01, publicKey), verifierKey(name, 0x04, publicKey)];
    expect(weighEvidence({ accused: log.key }, others)).toBe('unknown-key');
  });

  test('four bytes of an ID make no key', () => {
    const impostor = { ...ed25519Signer(ORIGIN).key, id: log.key.id };
    expect(weighEvidence({ accused: impostor }, [log.key])).toBe('unknown-key');
  });
});
