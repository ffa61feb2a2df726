import { toHex } from '#crypto';
import { equalBytes } from '#libs/crypto';
import {
  MerkleError,
  proveConsistency,
  proveSubtreeConsistency,
  verifyConsistency,
  verifySubtreeConsistency,
  treeRoot,
} from '#libs/merkle';
import { TlogError } from './error.js';
import { hashTiles, type FetchFile } from './log-files.js';
import { TILE_HEIGHT } from './tile.js';
import { tileNodeReader } from './tile-reader.js';

/**
 * - `missing-file`: the tree has it, the log does not serve it
 * - `malformed-file`: not what a file of this name consists of, or not as much
 * - `entry-differs`: an entry that is not the one in the tree
 * - `hash-differs`: a hash that is not the one that what is below it leads to
 * - `root-differs`: all files agree with each other, and not with the checkpoint
 * - `leaf-index-differs`: ct: an SCT names another index than the one that its entry has
 * - `issuer-differs`: ct: a certificate under the fingerprint of another
 * - `checkpoint-behind`: the checkpoint is smaller than one that was seen before
 * - `earlier-root-differs`: the tree has another root at the size of a checkpoint that was seen before
 */
export type DifferenceCode =
  | 'missing-file'
  | 'malformed-file'
  | 'entry-differs'
  | 'hash-differs'
  | 'root-differs'
  | 'leaf-index-differs'
  | 'issuer-differs'
  | 'checkpoint-behind'
  | 'earlier-root-differs';

/** Where what a log serves differs first from what it should. */
export interface Difference {
  readonly code: DifferenceCode;
  /** Path of the file that is wrong. */
  readonly file: string;
  /** Of an entry in the log, or of a hash in its level of tiles. */
  readonly index?: bigint;
  readonly expected: string;
  readonly found: string;
  /** The file that the one above does not fit, where nothing proves which of the two is wrong. */
  readonly unlessIn?: string;
  /** The checkpoint is proven to hold what `found` is not, or (`earlier-root-differs`) to be that of another tree. */
  readonly proven: boolean;
}

/** A signed tree head, or what is left of one. */
export interface TreeHead {
  readonly size: bigint;
  readonly root: Uint8Array;
}

/** A hash in a tile, and what the file below it leads to. */
export interface HashPair {
  readonly level: number;
  /** In its level of tiles. */
  readonly index: bigint;
  readonly tile: string;
  readonly inTile: Uint8Array;
  readonly below: string;
  readonly derived: Uint8Array;
}

/** Asks the checkpoint, by way of the other tiles, which of two files that don't fit each other is wrong. */
export async function judgeHashes(pair: HashPair, head: TreeHead, fetch: FetchFile): Promise<Difference> {
  const { level, index, tile, inTile, below, derived } = pair;
  const holds = await holdsNode(level, index, head, fetch);
  if (holds(inTile)) {
    const code = level === 0 ? 'entry-differs' : 'hash-differs';
    return { code, file: below, index, expected: toHex(inTile), found: toHex(derived), proven: true };
  }
  const difference = {
    code: 'hash-differs',
    file: tile,
    index,
    expected: toHex(derived),
    found: toHex(inTile),
  } as const;
  return holds(derived) ? { ...difference, proven: true } : { ...difference, unlessIn: below, proven: false };
}

/**
 * Asks the tiles for the root that the tree of `head` really has at the size of `earlier` (1 to that of `head`), and for the
 * proof of it: another one means that the log has signed two histories. Undefined when the proof does not hold, which alone
 * says nothing.
 * @throws whatever `fetch` throws
 */
export async function judgeEarlier(
  earlier: TreeHead,
  head: TreeHead,
  fetch: FetchFile,
): Promise<Difference | 'consistent' | undefined> {
  const read = tileNodeReader(head.size, hashTiles(fetch));
  const root = await treeRoot(earlier.size, read).catch(noneForWrongTiles);
  const proof = await proveConsistency(earlier.size, head.size, read).catch(noneForWrongTiles);
  if (root === undefined || proof === undefined) return undefined;
  const claim = { size1: earlier.size, root1: root, size2: head.size, root2: head.root, proof };
  if (!verifies(() => verifyConsistency(claim))) return undefined;
  return equalBytes(root, earlier.root) ? 'consistent' : { ...earlierRootDiffers(earlier, root), proven: true };
}

export function earlierRootDiffers(earlier: TreeHead, root: Uint8Array): Difference {
  return {
    code: 'earlier-root-differs',
    file: 'checkpoint',
    index: earlier.size,
    expected: toHex(earlier.root),
    found: toHex(root),
    proven: false,
  };
}

async function holdsNode(
  level: number,
  index: bigint,
  { size, root }: TreeHead,
  fetch: FetchFile,
): Promise<(hash: Uint8Array) => boolean> {
  const height = BigInt(TILE_HEIGHT * level);
  const [start, end] = [index << height, (index + 1n) << height];
  const read = tileNodeReader(size, hashTiles(fetch));
  // A tile that the proof needs is missing too, or can't be read now: then nothing is proven, and the difference stands.
  const proof = await proveSubtreeConsistency(start, end, size, read).catch(() => undefined);
  return (hash) =>
    proof !== undefined &&
    verifies(() => verifySubtreeConsistency({ start, end, size, root1: hash, root2: root, proof }));
}

function noneForWrongTiles(error: unknown): undefined {
  if (error instanceof TlogError || error instanceof MerkleError) return undefined;
  throw error;
}

function verifies(verification: () => void): boolean {
  try {
    verification();
    return true;
  } catch (error) {
    if (error instanceof MerkleError) return false;
    throw error;
  }
}
