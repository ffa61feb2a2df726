import { sha256, toHex } from '#crypto';
import { equalBytes } from '#libs/crypto';
import { HASH_BYTES } from '#libs/merkle';
import { earlierRootDiffers, judgeEarlier, judgeHashes, type Difference, type TreeHead } from './difference.js';
import { TlogError } from './error.js';
import { EMPTY_EDGE, edgeRoot, integrate, type Tile, type TileEdge } from './integrate.js';
import { parseLeaves, type Leaf } from './leaves.js';
import { fetchInOrder, pathOf, wantedFiles, type FetchFile, type FoundFile, type LeafKind } from './log-files.js';
import type { WantedFile } from './log-files.js';
import { TILE_WIDTH, tilePath } from './tile.js';

export interface Rederivation {
  /** What everything has to lead to. */
  readonly checkpoint: TreeHead;
  readonly kind: LeafKind;
  readonly fetch: FetchFile;
  /** Where to begin: the edge of a tree that was re-derived before, of at most the checkpoint's size. */
  readonly from?: TileEdge;
  /** A checkpoint of the same log that was seen before: its tree has to be a prefix. At least of the size of `from`. */
  readonly earlier?: TreeHead;
  /** Requests at a time. Default 8. */
  readonly inFlight?: number;
  /** Fingerprints (hex) of issuers that are known to be there; more are added, up to a limit. */
  readonly issuers?: Set<string>;
}

/** All entries below `edge.size` are read, and every tile that they make full. */
export interface Rederived {
  readonly edge: TileEdge;
  /** Of this run. */
  readonly files: number;
  readonly bytes: number;
}

const DEFAULT_IN_FLIGHT = 8;
const ISSUER_MAX_BYTES = 1024 * 1024;
/** Issuers beyond these are looked up again where they are named: a hostile log must not fill the memory. */
export const ISSUERS_MAX = 16_384;

/**
 * Derives a log anew from its leaves, and compares every tile of the checkpoint's tree with that, and the root: what an
 * outsider can check (tlog-tiles, static-ct-api). Yields after every entry bundle; returns the first difference, or
 * undefined when there is none. The memory it takes is that of the files in flight.
 * @throws whatever `fetch` throws; TlogError malformed-edge when `from` is none
 */
export async function* rederive(task: Rederivation): AsyncGenerator<Rederived, Difference | undefined> {
  const { checkpoint, fetch, from = EMPTY_EDGE, earlier } = task;
  const differs = compareHeads(task);
  if (differs || earlier === undefined || earlier.size === 0n || earlier.size === checkpoint.size) {
    return differs ?? (yield* walk(task));
  }
  // An edge of the earlier size is carried on, and thereby is the proof; a smaller one says nothing about that size.
  const carried = from.size === earlier.size;
  const before = carried ? 'consistent' : await judgeEarlier(earlier, checkpoint, fetch);
  if (typeof before === 'object') return before;
  const difference = yield* walk(task);
  if (difference === undefined && before === 'consistent') return undefined;
  const again = judgeEarlier(earlier, checkpoint, fetch);
  if (difference !== undefined) {
    // Two histories look like any other difference at first. Should that not be readable now, the difference stands.
    const after = await again.catch(() => undefined);
    return typeof after === 'object' ? after : difference;
  }
  const after = await again;
  if (after === 'consistent') return undefined;
  return (
    after ?? { ...earlierRootDiffers(earlier, checkpoint.root), found: 'a tree that is not proven to hold that one' }
  );
}

async function* walk({
  checkpoint,
  kind,
  fetch,
  from = EMPTY_EDGE,
  inFlight = DEFAULT_IN_FLIGHT,
  issuers = new Set(),
}: Rederivation): AsyncGenerator<Rederived, Difference | undefined> {
  let edge = from;
  let files = 0;
  let bytes = 0;
  const found = fetchInOrder(wantedFiles(from.size, checkpoint.size, kind), fetch, inFlight);
  const next = async (): Promise<{ wanted: WantedFile; found: FoundFile }> => {
    const { value } = await found.next();
    if (!value) throw new Error('a file is compared that was not wanted');
    files++;
    bytes += typeof value.found.bytes === 'string' ? 0 : value.found.bytes.length;
    return value;
  };
  try {
    while (edge.size < checkpoint.size) {
      const bundle = await next();
      const leaves = leavesOf(bundle.wanted, bundle.found, kind);
      if (!Array.isArray(leaves)) return leaves;
      const { path } = bundle.found;
      const first = bundle.wanted.index * BigInt(TILE_WIDTH);
      const known = Number(edge.size - first);
      const wrongLeaf =
        compareKnown(leaves, known, edge, path) ??
        compareIndexes(leaves, first, path) ??
        (await compareIssuers(leaves, issuers, fetch));
      if (wrongLeaf) return wrongLeaf;

      const integrated = integrate(
        edge,
        leaves.slice(known).map(({ hash }) => hash),
      );
      edge = integrated.edge;
      for (const tile of integrated.tiles) {
        // Only the partial tiles of a checkpoint's size can be asked for.
        if (tile.width < TILE_WIDTH && edge.size < checkpoint.size) continue;
        const wrongTile = await compareTile(tile, (await next()).found, path, checkpoint, fetch);
        if (wrongTile) return wrongTile;
      }
      if (edge.size < checkpoint.size) yield { edge, files, bytes };
    }
  } finally {
    await found.return();
  }
  const root = edgeRoot(edge);
  if (!equalBytes(root, checkpoint.root)) return rootDiffers(root, checkpoint.root);
  yield { edge, files, bytes };
  return undefined;
}

/** What can be said of two checkpoints of one log without reading anything. */
function compareHeads({ checkpoint, earlier, from = EMPTY_EDGE }: Rederivation): Difference | undefined {
  const before = earlier !== undefined && earlier.size > from.size ? earlier.size : from.size;
  if (checkpoint.size < before) {
    const [expected, found] = [`size ${before} or more`, `size ${checkpoint.size}`];
    return { code: 'checkpoint-behind', file: 'checkpoint', expected, found, proven: false };
  }
  if (earlier === undefined) return undefined;
  if (earlier.size === checkpoint.size && !equalBytes(earlier.root, checkpoint.root)) {
    return { ...earlierRootDiffers(earlier, checkpoint.root), proven: true };
  }
  if (earlier.size !== from.size) return undefined;
  const root = edgeRoot(from);
  return equalBytes(root, earlier.root) ? undefined : earlierRootDiffers(earlier, root);
}

function leavesOf(
  { width, ...wanted }: WantedFile,
  { path, bytes, more }: FoundFile,
  kind: LeafKind,
): Leaf[] | Difference {
  const what = `${width} ${kind === 'entries' ? 'entries' : 'leaves'}`;
  if (bytes === 'missing') return missing(pathOf({ ...wanted, width }), what);
  if (bytes === 'too-large') return malformed(path, what, 'more bytes than they can have');
  try {
    const leaves = parseLeaves(kind, bytes);
    if (more ? leaves.length >= width : leaves.length === width) return leaves.slice(0, width);
    return malformed(path, what, `${leaves.length}`);
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    return malformed(path, what, error.message);
  }
}

/** Leaves that were read in an earlier run, when their bundle was partial. */
function compareKnown(leaves: readonly Leaf[], known: number, edge: TileEdge, file: string): Difference | undefined {
  for (let i = 0; i < known; i++) {
    const before = edge.tiles[0]?.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES) ?? new Uint8Array(0);
    const { hash } = leaves[i] as Leaf;
    if (equalBytes(before, hash)) continue;
    const index = edge.size - BigInt(known - i);
    return { code: 'entry-differs', file, index, expected: toHex(before), found: toHex(hash), proven: true };
  }
  return undefined;
}

/** static-ct-api: the SCT says where the entry is. */
function compareIndexes(leaves: readonly Leaf[], first: bigint, file: string): Difference | undefined {
  for (const [i, leaf] of leaves.entries()) {
    const index = first + BigInt(i);
    if (!('namedIndex' in leaf) || leaf.namedIndex === index) continue;
    const found = leaf.namedIndex === undefined ? 'none' : `leaf_index ${leaf.namedIndex}`;
    return { code: 'leaf-index-differs', file, index, expected: `leaf_index ${index}`, found, proven: false };
  }
  return undefined;
}

async function compareIssuers(
  leaves: readonly Leaf[],
  known: Set<string>,
  fetch: FetchFile,
): Promise<Difference | undefined> {
  for (const issuer of new Set(leaves.flatMap(({ issuers }) => issuers))) {
    if (known.has(issuer)) continue;
    const file = `issuer/${issuer}`;
    const bytes = await fetch(file, ISSUER_MAX_BYTES);
    if (bytes === 'missing') return missing(file, 'a certificate');
    if (bytes === 'too-large') return malformed(file, 'a certificate', `more than ${ISSUER_MAX_BYTES} bytes`);
    const found = toHex(sha256(bytes));
    if (found !== issuer) return { code: 'issuer-differs', file, expected: issuer, found, proven: true };
    if (known.size < ISSUERS_MAX) known.add(issuer);
  }
  return undefined;
}

async function compareTile(
  { level, index, width, bytes }: Tile,
  found: FoundFile,
  bundle: string,
  checkpoint: TreeHead,
  fetch: FetchFile,
): Promise<Difference | undefined> {
  const what = `${width} hashes`;
  if (found.bytes === 'missing') return missing(tilePath(level, index, width), what);
  if (found.bytes === 'too-large') return malformed(found.path, what, 'more bytes than a tile has');
  const { length } = found.bytes;
  if (length % HASH_BYTES !== 0 || (found.more ? length < bytes.length : length !== bytes.length)) {
    return malformed(found.path, `${what}, ${bytes.length} bytes`, `${length} bytes`);
  }
  for (let at = 0; at < bytes.length; at += HASH_BYTES) {
    const inTile = found.bytes.subarray(at, at + HASH_BYTES);
    const derived = bytes.subarray(at, at + HASH_BYTES);
    if (equalBytes(inTile, derived)) continue;
    const node = index * BigInt(TILE_WIDTH) + BigInt(at / HASH_BYTES);
    // What is below a hash of level 0 is an entry, the bundle was just read; below the others it is a full tile.
    const below = level === 0 ? bundle : tilePath(level - 1, node);
    return judgeHashes({ level, index: node, tile: found.path, inTile, below, derived }, checkpoint, fetch);
  }
  return undefined;
}

function missing(file: string, expected: string): Difference {
  return { code: 'missing-file', file, expected, found: 'no such file', proven: false };
}

function malformed(file: string, expected: string, found: string): Difference {
  return { code: 'malformed-file', file, expected, found, proven: false };
}

function rootDiffers(expected: Uint8Array, found: Uint8Array): Difference {
  return { code: 'root-differs', file: 'checkpoint', expected: toHex(expected), found: toHex(found), proven: false };
}
