import { sha256 } from '#crypto';
import { encodeDigitallySigned, encodeSct, sctSignedData } from '#libs/certificate';
import {
  openSignedHeads,
  relateHeads,
  relatePromise,
  type Evidence,
  type PromisedEntry,
  type SignedHead,
} from '#libs/evidence';
import { hashLeaf } from '#libs/merkle';
import type { NoteSigner } from '#libs/note';
import { formatCheckpoint, sctExtensions, type Checkpoint } from '#libs/tlog';
import { formatNote, signNote } from '#libs/note';
import { leafHashesOf, naiveReader, naiveRoot } from './naive-tree.js';
import { cosigner, ecdsaSigner, ed25519Signer, mlDsa44Signer, rfc6962Signer } from './note-signers.js';

/** Whoever signs heads, each with a fresh key: logs of the origin, and witnesses of it. */
export const SIGNERS: readonly (readonly [who: string, make: (origin: string) => NoteSigner])[] = [
  ['an Ed25519 log', (origin) => ed25519Signer(origin)],
  ['an ECDSA P-256 log', (origin) => ecdsaSigner(origin)],
  ['an ECDSA P-384 log', (origin) => ecdsaSigner(origin, 'P-384')],
  ['a CT log', (origin) => rfc6962Signer(origin, 1_790_000_000_000n)],
  ['an ML-DSA-44 log', (origin) => mlDsa44Signer(origin, 1_790_000_000n)],
  ['an Ed25519 witness', () => cosigner('witness.example/w', 1_790_000_000n)],
  ['an ML-DSA-44 witness', () => mlDsa44Signer('witness.example/w', 1_790_000_000n)],
];

const HISTORY_MAX = 100;
const LEAVES = leafHashesOf(2 * HISTORY_MAX);

/** The leaves of one history, and of another one that is the same up to a fork; at most 100. */
export function history(size: number, forkAt: number = size): Uint8Array[] {
  return [...LEAVES.slice(0, forkAt), ...LEAVES.slice(HISTORY_MAX + forkAt, HISTORY_MAX + size)];
}

export async function signedNote(
  origin: string,
  leaves: readonly Uint8Array[],
  signers: readonly NoteSigner[],
  change: Partial<Checkpoint> = {},
): Promise<Uint8Array> {
  const checkpoint = { origin, size: BigInt(leaves.length), root: naiveRoot(leaves), extensions: [], ...change };
  return formatNote(await signNote(formatCheckpoint(checkpoint), signers));
}

/** The head of these leaves under one key. */
export async function headOf(
  origin: string,
  leaves: readonly Uint8Array[],
  signer: NoteSigner,
  change: Partial<Checkpoint> = {},
): Promise<SignedHead> {
  const [head] = openSignedHeads(await signedNote(origin, leaves, [signer], change), [signer.key]);
  if (head === undefined) throw new Error(`the key of ${signer.key.name} does not open its own head`);
  return head;
}

/** Evidence of a fork at `forkAt` between the trees of `older` and `newer` leaves. */
export async function forkEvidence(
  origin: string,
  signer: NoteSigner,
  { older, newer, forkAt }: { older: number; newer: number; forkAt: number },
): Promise<Evidence> {
  const leaves = history(newer, forkAt);
  const heads = [await headOf(origin, history(older), signer), await headOf(origin, leaves, signer)] as const;
  const relation = await relateHeads(...heads, naiveReader(leaves));
  if (relation.kind !== 'equivocation') throw new Error(`a fork is ${relation.kind}`);
  return relation.evidence;
}

const PRECERT: PromisedEntry = {
  kind: 'precert',
  issuerKeyHash: sha256(Uint8Array.of(1)),
  tbs: Uint8Array.of(0x30, 0),
};

/** An SCT with this leaf index, as a CT log answers with it. */
export function promiseOf(
  log: ReturnType<typeof rfc6962Signer>,
  index: bigint,
  entry: PromisedEntry = PRECERT,
  extensions: Uint8Array = sctExtensions(index),
): Uint8Array {
  const logId = sha256(log.key.publicKey);
  const timestampMs = 1_790_000_000_123n;
  const signature = log.signBytes(sctSignedData({ timestampMs, extensions, ...entry }));
  return encodeSct({
    logId,
    timestampMs,
    extensions,
    digitallySigned: encodeDigitallySigned('ecdsa-sha256', signature),
  });
}

/** Evidence that a CT log has another leaf at the index that it promised. */
export async function brokenPromise(
  log: ReturnType<typeof rfc6962Signer>,
  entry: PromisedEntry = PRECERT,
): Promise<Evidence> {
  const leaves = [...leafHashesOf(5), hashLeaf(Uint8Array.of(0xff)), ...leafHashesOf(4)];
  const head = await headOf(log.key.name, leaves, log);
  const relation = await relatePromise(promiseOf(log, 5n, entry), entry, head, naiveReader(leaves));
  if (relation.kind !== 'equivocation') throw new Error(`a broken promise is ${relation.kind}`);
  return relation.evidence;
}
