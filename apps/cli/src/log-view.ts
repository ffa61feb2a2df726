import { fetchCheckpoint, fetchEntryBundle, fetchTile } from '#libs/client';
import { CodedError } from '#libs/crypto';
import { hashLeaf, proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from '#libs/merkle';
import {
  edgeFromTiles,
  edgeRoot,
  openCheckpoint,
  TILE_WIDTH,
  tileNodeReader,
  tileWidth,
  type Checkpoint,
  type FetchTile,
} from '#libs/tlog';
import type { Context } from './context.js';
import { Failure } from './failure.js';
import { logVerifiers } from './log-verifiers.js';
import { logUrl } from './signing-services.js';
import type { Trust } from './trust-config.js';

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

/** @throws Failure no-trust when no trusted key signed its checkpoint; ServiceError */
export async function openLog(given: string | undefined, trust: Trust, context: Context): Promise<LogView> {
  const { io } = context;
  const url = given ?? logUrl(trust, io.now());
  const note = await fetchCheckpoint(url, { signal: io.signal });
  try {
    return { url, note, checkpoint: openCheckpoint(note, logVerifiers(trust.trustedRoot)).checkpoint };
  } catch (cause) {
    if (!(cause instanceof CodedError)) throw cause;
    const unknown = cause.code === 'unverified';
    throw new Failure(
      unknown ? 'no-trust' : 'not-verified',
      `the checkpoint of ${url} ${unknown ? `is signed by no log of ${trust.source}` : `does not verify: ${cause.message}`}`,
      unknown ? 'is that the trust config of this log? name another with --trust-config' : undefined,
      { cause },
    );
  }
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
  const width = tileWidth(size, 0, index / BigInt(TILE_WIDTH));
  const [bundle, proof] = await Promise.all([
    fetchEntryBundle(view.url, index / BigInt(TILE_WIDTH), width, { signal: context.io.signal }),
    proveInclusion(index, size, tileNodeReader(size, tilesOf(view, context))),
  ]);
  const body = bundle[Number(index % BigInt(TILE_WIDTH))] ?? new Uint8Array();
  const leafHash = hashLeaf(body);
  prove(view, () => verifyInclusion({ index, size, leafHash, proof, root }));
  return { index, body, leafHash, proof };
}

/** The root at an earlier size, proven to be a prefix of the checkpoint. @throws Failure nothing-to-verify, not-verified */
export async function provenRoot(view: LogView, size: bigint, context: Context): Promise<Uint8Array> {
  if (size > view.checkpoint.size) throw beyond(view, `no size ${size}`);
  const root = edgeRoot(await edgeFromTiles(size, tilesOf(view, context)));
  await provenConsistency(view, { size, root }, view.checkpoint, context);
  return root;
}

interface TreeHead {
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** The proof from one size to another, made from tiles and verified. @throws Failure not-verified */
export async function provenConsistency(
  view: LogView,
  from: TreeHead,
  to: TreeHead,
  context: Context,
): Promise<Uint8Array[]> {
  const proof = await proveConsistency(from.size, to.size, tileNodeReader(to.size, tilesOf(view, context)));
  prove(view, () => verifyConsistency({ size1: from.size, root1: from.root, size2: to.size, root2: to.root, proof }));
  return proof;
}

function tilesOf({ url }: LogView, { io }: Context): FetchTile {
  return (level, index, width) => fetchTile(url, level, index, width, { signal: io.signal });
}

function prove({ url }: LogView, verification: () => void): void {
  try {
    verification();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('not-verified', `the tiles of ${url} do not lead to its signed checkpoint: ${why}`, undefined, {
      cause,
    });
  }
}

function beyond({ url, checkpoint }: LogView, what: string): Failure {
  return new Failure('nothing-to-verify', `${url} has ${what}: its size is ${checkpoint.size}`);
}
