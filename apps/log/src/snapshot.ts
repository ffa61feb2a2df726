import { join } from 'node:path';
import { fromBase64, sha256, toBase64, toHex } from '#crypto';
import { CodedError, equalBytes, utf8Decode, utf8Encode } from '#libs/crypto';
import type { Revision } from '#libs/event-store';
import { nodeFileSystem, replaceFile, type FileSystem } from '#libs/tile-store';
import { edgeFromTiles, edgeRoot, TILE_WIDTH, type FetchTile, type TileEdge } from '#libs/tlog';
import { HASH_BYTES } from '#libs/merkle';
import type { Logger } from 'pino';
import { DedupeIndex } from './dedupe/dedupe-index.js';
import type { RunRange } from './dedupe/run-format.js';
import type { LogKind } from './log-kind.js';
import type { TreeState } from './sequencer/tree.js';

/** A log as it was at a size that it has signed and published: where a start may begin to read its events. */
export interface Snapshot {
  /** Of the last event of the log that is in it. */
  readonly revision: Revision;
  /** Of the CheckpointSigned of this size. */
  readonly checkpointRevision: Revision;
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly lastSequencedAtMs: bigint;
  /** The runs of the dedupe index that hold its entries. */
  readonly runs: readonly RunRange[];
}

const HEADER = 'tally-snapshot/v1';
const SNAPSHOT_MAX_BYTES = 64 * 1024;
const DECIMAL = /^\d{1,19}$/;

/**
 * The snapshot of a log: derived data, beside its events. One that is missing or damaged costs the time to read all events,
 * and nothing else.
 */
export class SnapshotFile {
  readonly #path: string;

  constructor(
    directory: string,
    private readonly origin: string,
    private readonly fileSystem: FileSystem = nodeFileSystem,
  ) {
    this.#path = join(directory, 'snapshot');
  }

  /** Undefined when there is none, or when what is there isn't a whole snapshot of this log. */
  async read(logger: Logger): Promise<Snapshot | undefined> {
    const bytes = await this.fileSystem.read(this.#path, SNAPSHOT_MAX_BYTES);
    if (bytes === undefined) return undefined;
    const snapshot = bytes === 'too-large' ? undefined : parseSnapshot(bytes, this.origin);
    if (!snapshot) logger.warn({ path: this.#path }, 'the snapshot is damaged, or of another log; reading all events');
    return snapshot;
  }

  write(snapshot: Snapshot): Promise<void> {
    return replaceFile(this.#path, formatSnapshot(snapshot, this.origin), { fileSystem: this.fileSystem });
  }

  remove(): Promise<void> {
    return this.fileSystem.remove(this.#path);
  }
}

function formatSnapshot(snapshot: Snapshot, origin: string): Uint8Array {
  const { revision, checkpointRevision, size, root, lastSequencedAtMs, runs } = snapshot;
  const lines = [
    HEADER,
    origin,
    revision,
    checkpointRevision,
    size,
    toBase64(root),
    lastSequencedAtMs,
    ...runs.map(({ first, end, count }) => `${first} ${end} ${count}`),
  ];
  const text = lines.map((line) => `${line}\n`).join('');
  return utf8Encode(`${text}${toHex(sha256(utf8Encode(text)))}\n`);
}

function parseSnapshot(bytes: Uint8Array, expectedOrigin: string): Snapshot | undefined {
  try {
    const lines = utf8Decode(bytes).split('\n').slice(0, -2);
    const [
      header,
      origin,
      revision = '',
      checkpointRevision = '',
      size = '',
      root = '',
      lastSequencedAtMs = '',
      ...runs
    ] = lines;
    if (header !== HEADER || origin !== expectedOrigin) return undefined;
    if (![revision, checkpointRevision, size, lastSequencedAtMs].every((text) => DECIMAL.test(text))) return undefined;
    const snapshot = {
      revision: BigInt(revision),
      checkpointRevision: BigInt(checkpointRevision),
      size: BigInt(size),
      root: fromBase64(root),
      lastSequencedAtMs: BigInt(lastSequencedAtMs),
      runs: runs.map(parseRun),
    };
    // The checksum is over the whole text, so the form is the one that is written.
    return equalBytes(formatSnapshot(snapshot, origin), bytes) ? snapshot : undefined;
  } catch (error) {
    if (error instanceof CodedError || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function parseRun(line: string): RunRange {
  const [first = '', end = '', count = ''] = line.split(' ');
  return { first: BigInt(first), end: BigInt(end), count: Number(count) };
}

/** What a start goes on from: the tree at the snapshot's size, and the index of its entries. */
export interface Resumed {
  readonly state: TreeState;
  readonly dedupe: DedupeIndex;
}

export interface ResumeParts<Submission> {
  readonly kind: LogKind<Submission>;
  readonly fetchTile: FetchTile;
  /** A tile or bundle by its path. */
  readonly readFile: (path: string) => Promise<Uint8Array | undefined>;
  readonly dedupeDirectory: string;
  readonly logger: Logger;
}

/**
 * The state at a snapshot, read from the tiles and runs that it was taken of; undefined when they don't lead to its root.
 * Partial tiles are not synced when they are written, so after a power cut that may be nobody's fault.
 */
export async function resume<Submission>(
  snapshot: Snapshot,
  parts: ResumeParts<Submission>,
): Promise<Resumed | undefined> {
  const { revision, size, root, lastSequencedAtMs, runs } = snapshot;
  const edge = await edgeFromTiles(size, parts.fetchTile).catch(() => undefined);
  const tail =
    edge && equalBytes(edgeRoot(edge), root) ? await readTail(edge, parts).catch(() => undefined) : undefined;
  const dedupe = tail && (await DedupeIndex.open(parts.dedupeDirectory, runs));
  if (!edge || !tail || !dedupe || dedupe.flushedSize !== size) {
    dedupe?.close();
    parts.logger.warn(
      { size: String(size) },
      'tiles or runs of the snapshot are missing or damaged; reading all events',
    );
    return undefined;
  }
  return { state: { revision, edge, tail, lastSequencedAtMs }, dedupe };
}

/** The leaves of the partial bundle at the right edge, held against the hashes that the root was made of. */
async function readTail<Submission>(
  { size, tiles }: TileEdge,
  { kind, readFile }: ResumeParts<Submission>,
): Promise<Uint8Array[] | undefined> {
  const width = Number(size % BigInt(TILE_WIDTH));
  if (width === 0) return [];
  const index = size / BigInt(TILE_WIDTH);
  const bundle =
    (await readFile(kind.bundlePath(index, width))) ?? (await readFile(kind.bundlePath(index, TILE_WIDTH)));
  if (!bundle) return undefined;
  const hashes = tiles[0] ?? new Uint8Array(0);
  const leaves = kind.splitLeaves(bundle).slice(0, width);
  const good = leaves.every((leaf, i) =>
    equalBytes(kind.readLeaf(leaf).hash, hashes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
  );
  return good && leaves.length === width ? leaves : undefined;
}
