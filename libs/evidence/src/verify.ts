import { toHex } from '#crypto';
import { equalBytes } from '#libs/crypto';
import { verifyConsistency, verifyInclusion } from '#libs/merkle';
import { formatVerifierKey, KEY_TYPE, type VerifierKey } from '#libs/note';
import { EvidenceError, rethrown } from './error.js';
import type { DifferentSizes, Evidence, LeafIndex, SameSize } from './evidence.js';
import { encodeEvidence, parseEvidence } from './format.js';
import { canonicalSct, leafPromise } from './leaf-promise.js';
import { isSameVerifierKey, openSignedHeads, type SignedHead } from './signed-head.js';

/** Evidence that holds: the holder of the accused key signed all of it. Whether anyone trusts that key is another question. */
export interface ProvenEvidence {
  readonly evidence: Evidence;
  /** The evidence as a file. */
  readonly bytes: Uint8Array;
  readonly accused: VerifierKey;
  /** A cosigner's key accuses a witness, unless it is the ML-DSA-44 key of the log itself: a key of the origin's name. */
  readonly role: 'log' | 'witness';
  readonly origin: string;
  /** What was signed, in the order of the file. */
  readonly heads: readonly SignedHead[];
  /** One line for people. Names in it are as the signer wrote them. */
  readonly summary: string;
}

/**
 * Verifies evidence by nothing but itself: offline, at most three signatures and one proof. It accuses the key that it
 * names, so ask `weighEvidence` before anyone is called guilty.
 * @throws EvidenceError, and nothing else, if it can't be read or does not hold
 */
export function verifyEvidence(given: Uint8Array | Evidence): ProvenEvidence {
  // A value goes the same way as a file: then there is nothing that only one of the two is checked for.
  const bytes = given instanceof Uint8Array ? given : encodeEvidence(given);
  const evidence = parseEvidence(bytes);
  const { accused, origin } = evidence;
  const { heads, claim } = hold(evidence);
  const role = roleOf(accused, origin);
  const about = role === 'log' ? '' : ` of ${origin}`;
  // The key, not a name: whoever made it could call himself anything.
  const summary = `the key ${accused.name}+${toHex(accused.id)}, of a ${role}, signed ${claim(about)}`;
  return { evidence, bytes, accused, role, origin, heads, summary };
}

/** Guilty only if the very key is trusted: a stranger's key under a known name is a stranger's. */
export function weighEvidence(
  { accused }: Pick<Evidence, 'accused'>,
  trusted: readonly VerifierKey[],
): 'guilty' | 'unknown-key' {
  return trusted.some((key) => isSameVerifierKey(key, accused)) ? 'guilty' : 'unknown-key';
}

interface Held {
  readonly heads: readonly SignedHead[];
  readonly claim: (about: string) => string;
}

function hold(evidence: Evidence): Held {
  switch (evidence.kind) {
    case 'same-size':
      return holdSameSize(evidence);
    case 'different-sizes':
      return holdDifferentSizes(evidence);
    case 'leaf-index':
      return holdLeafIndex(evidence);
  }
}

function holdSameSize({ accused, notes }: SameSize): Held {
  const [first, second] = [openHead(accused, notes[0]), openHead(accused, notes[1])];
  requireOneOrigin(first, second);
  const [a, b] = [first.checkpoint, second.checkpoint];
  if (a.size !== b.size)
    throw new EvidenceError('wrong-sizes', `evidence: sizes ${a.size} and ${b.size} should be equal`);
  if (equalBytes(a.root, b.root)) throw sameTree(a.size);
  return { heads: [first, second], claim: (about) => `two trees${about} of size ${a.size}` };
}

function holdDifferentSizes({ accused, older, newer, root, proof }: DifferentSizes): Held {
  const [first, second] = [openHead(accused, older), openHead(accused, newer)];
  requireOneOrigin(first, second);
  const [a, b] = [first.checkpoint, second.checkpoint];
  if (a.size < 1n) throw new EvidenceError('wrong-sizes', 'evidence: every tree begins with the empty one');
  // Before the proof: an honest one of two heads that fit each other is no broken proof, it is no accusation.
  if (equalBytes(root, a.root)) throw sameTree(a.size);
  rethrown('invalid-proof', 'evidence', () =>
    verifyConsistency({ size1: a.size, root1: root, size2: b.size, root2: b.root, proof }),
  );
  return {
    heads: [first, second],
    claim: (about) => `trees${about} of sizes ${a.size} and ${b.size}, and the first is no prefix of the second`,
  };
}

function holdLeafIndex({ accused, sct, entry, leafHash, proof, note }: LeafIndex): Held {
  const canonical = canonicalSct(accused, sct);
  if (canonical === undefined || !equalBytes(canonical, sct)) {
    throw new EvidenceError(
      'not-canonical',
      'evidence: the ECDSA signature of the SCT is not the one with the smaller s',
    );
  }
  const promised = leafPromise(accused, sct, entry);
  const head = openHead(accused, note);
  const { size, root } = head.checkpoint;
  const { index } = promised;
  rethrown('invalid-proof', 'evidence', () => verifyInclusion({ index, size, leafHash, proof, root }));
  if (equalBytes(leafHash, promised.leafHash)) {
    throw new EvidenceError('same-leaf', `evidence: the leaf at index ${index} is the one that was promised`);
  }
  return {
    heads: [head],
    claim: () => `a promise of a leaf at index ${index}, and a tree of size ${size} with another leaf there`,
  };
}

/** The head in a note of the file: by the accused key, in canonical form. */
function openHead(accused: VerifierKey, note: Uint8Array): SignedHead {
  const [head] = openSignedHeads(note, [accused]);
  if (head === undefined) {
    const key = formatVerifierKey(accused).slice(0, 200);
    throw new EvidenceError('invalid-signature', `evidence: a note is not signed by the accused key ${key}`);
  }
  if (!equalBytes(head.note, note))
    throw new EvidenceError('not-canonical', 'evidence: a note is not in canonical form');
  return head;
}

function requireOneOrigin(first: SignedHead, second: SignedHead): void {
  const [a, b] = [first.checkpoint.origin, second.checkpoint.origin];
  if (a !== b) {
    const named = `${JSON.stringify(a)} and ${JSON.stringify(b)}`;
    throw new EvidenceError('different-origins', `evidence: the notes are of two logs, ${named}`);
  }
}

function sameTree(size: bigint): EvidenceError {
  return new EvidenceError('same-tree', `evidence: both notes are of one tree at size ${size}`);
}

function roleOf({ type, name }: VerifierKey, origin: string): 'log' | 'witness' {
  if (type === KEY_TYPE.cosignature) return 'witness';
  return type === KEY_TYPE.mlDsa44Cosignature && name !== origin ? 'witness' : 'log';
}
