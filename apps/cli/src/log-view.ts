import { fetchCheckpoint, fetchEntryBundle, fetchTile } from '#libs/client';
import { CodedError } from '#libs/crypto';
import {
  hashLeaf,
  proveConsistency,
  proveInclusion,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
  type NodeReader,
} from '#libs/merkle';
import { logVerifier, openCheckpoint, TILE_WIDTH, tileNodeReader, tileWidth, type Checkpoint } from '#libs/tlog';
import type { Context } from './context.js';
import { Failure, reasonOf } from './failure.js';
import type { PolicyFile } from './policy-file.js';
import { logUrl } from './signing-services.js';
import { isUrl, type Trust } from './trust-config.js';
import { knownKeys } from './views/known-keys.js';

/** A log as its newest checkpoint, signed by a trusted key, has it. All else is proven against that. */
export interface LogView {
  readonly url: string;
  readonly checkpoint: Checkpoint;
  /** The signed note, as published. */
  readonly note: Uint8Array;
}

export interface ProvenEntry {
  readonly index: bigint;
  readonly body: Uint8Array;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * The log at a URL, else the one of the trust config, else the first one of the policy.
 * @throws Failure usage for what is no URL, no-trust when no trusted key signed its checkpoint; ServiceError
 */
export async function openLog(
  given: string | undefined,
  trust: Trust | undefined,
  context: Context,
  policy?: PolicyFile,
): Promise<LogView> {
  const { io } = context;
  if (given !== undefined && !(isUrl(given) && URL.canParse(given))) {
    throw new Failure('usage', `${given} is not the URL of a log`, 'it is like https://log.example.org');
  }
  const { logs, source } = knownKeys(undefined, trust, policy);
  const url = given ?? (trust ? logUrl(trust, io.now()) : policyLogUrl(policy));
  const note = await fetchCheckpoint(url, { signal: io.signal });
  try {
    return { url, note, checkpoint: openCheckpoint(note, logs.map(logVerifier)).checkpoint };
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    const unknown = cause.code === 'unverified';
    throw new Failure(
      unknown ? 'no-trust' : 'not-verified',
      `the checkpoint of ${url} ${unknown ? `is signed by no log of ${source}` : `does not verify: ${cause.message}`}`,
      unknown ? 'is that the trust of this log? name another with --trust-config or --policy' : undefined,
      { cause },
    );
  }
}

function policyLogUrl(policy: PolicyFile | undefined): string {
  const url = policy?.policy.logs.find((log) => log.url !== undefined)?.url;
  if (url !== undefined) return url;
  throw new Failure('usage', `no log is named, and ${policy?.source} has no URL of one`, 'give its URL');
}

/** @throws Failure usage */
export function parsePosition(text: string, name: string): bigint {
  if (/^(?:0|[1-9]\d{0,18})$/.test(text)) return BigInt(text);
  throw new Failure('usage', `${name} is ${JSON.stringify(text)}, it should be a whole number from 0`);
}

/** The entry with its inclusion proof, made from tiles and verified. @throws Failure nothing-to-verify, not-verified */
export async function provenEntry(view: LogView, index: bigint, context: Context): Promise<ProvenEntry> {
  const { size, root } = view.checkpoint;
  if (index >= size) throw beyond(view, `no entry ${index}`);
  const tileIndex = index / BigInt(TILE_WIDTH);
  const [bundle, proof] = await Promise.all([
    fetchEntryBundle(view.url, tileIndex, tileWidth(size, 0, tileIndex), { signal: context.io.signal }),
    proveInclusion(index, size, nodesOf(view, context)),
  ]);
  const body = bundle[Number(index % BigInt(TILE_WIDTH))] ?? new Uint8Array();
  const leafHash = hashLeaf(body);
  prove(view, () => verifyInclusion({ index, size, leafHash, proof, root }));
  return { index, body, leafHash, proof };
}

export interface ProvenConsistency {
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * The roots at two sizes and the proof between them, made from tiles; the larger tree is itself proven to be a prefix of
 * the checkpoint. @throws Failure nothing-to-verify, not-verified
 */
export async function provenConsistency(
  view: LogView,
  oldSize: bigint,
  newSize: bigint,
  context: Context,
): Promise<ProvenConsistency> {
  if (newSize > view.checkpoint.size) throw beyond(view, `no size ${newSize}`);
  const read = nodesOf(view, context);
  const oldHead = { size: oldSize, root: await treeRoot(oldSize, read) };
  const newHead = { size: newSize, root: await treeRoot(newSize, read) };
  await proveBetween(view, newHead, view.checkpoint, read);
  const proof = await proveBetween(view, oldHead, newHead, read);
  return { oldRoot: oldHead.root, newRoot: newHead.root, proof };
}

interface TreeHead {
  readonly size: bigint;
  readonly root: Uint8Array;
}

async function proveBetween(view: LogView, from: TreeHead, to: TreeHead, read: NodeReader): Promise<Uint8Array[]> {
  if (from.size === 0n) return []; // RFC 6962 has no proof from the empty tree, and needs none
  const proof = await proveConsistency(from.size, to.size, read);
  prove(view, () => verifyConsistency({ size1: from.size, root1: from.root, size2: to.size, root2: to.root, proof }));
  return proof;
}

/** tlog-tiles: only the partial tiles of a published size can be asked for, so all sizes are read out of the checkpoint's. */
function nodesOf({ url, checkpoint }: LogView, { io }: Context): NodeReader {
  return tileNodeReader(checkpoint.size, (level, index, width) =>
    fetchTile(url, level, index, width, { signal: io.signal }),
  );
}

function prove({ url }: LogView, verification: () => void): void {
  try {
    verification();
  } catch (cause) {
    const what = `the tiles of ${url} do not lead to its signed checkpoint: ${reasonOf(cause)}`;
    throw new Failure('not-verified', what, undefined, { cause });
  }
}

function beyond({ url, checkpoint }: LogView, what: string): Failure {
  return new Failure('nothing-to-verify', `${url} has ${what}: its size is ${checkpoint.size}`);
}
