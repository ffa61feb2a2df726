import { randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fromBase64, fromHex, sha256, toBase64, toHex } from '#crypto';
import { utf8Encode } from '#libs/crypto';
import { edgeRoot, type LeafKind, type TileEdge } from '#libs/tlog';
import type { Context } from '../context.js';
import { Failure } from '../failure.js';

/** How far a log was re-derived, to go on there. */
export interface FsckState {
  readonly origin: string;
  readonly kind: LeafKind;
  readonly edge: TileEdge;
  /** A checkpoint whose tree has to hold that of the edge, or has to be held by the next one's: a signed note. */
  readonly checkpoint: Uint8Array;
  /** ct: fingerprints of the issuers that were there, hex. */
  readonly issuers: readonly string[];
}

const SCHEMA = 'tally/fsck-state/v1';

/** Undefined when there is no such file. @throws Failure usage when it is damaged */
export async function readState(path: string, context: Context): Promise<FsckState | undefined> {
  let text: string;
  try {
    text = await readFile(resolve(context.io.cwd, path), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Failure('usage', `${path} can't be read: ${String(cause)}`, undefined, { cause });
  }
  try {
    return parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Failure('usage', `${path} is no state of tally log fsck, or it is damaged: ${why}`, REMOVE, { cause });
  }
}

const REMOVE = 'remove it, and the log is read from its beginning';

/** Whole or not at all. @throws Failure usage when it can't be written */
export async function writeState(path: string, state: FsckState, context: Context): Promise<void> {
  const absolute = resolve(context.io.cwd, path);
  const temporary = `${absolute}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o644);
    try {
      await file.writeFile(format(state));
    } finally {
      await file.close();
    }
    await rename(temporary, absolute);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new Failure('usage', `${path} can't be written: ${String(cause)}`, undefined, { cause });
  }
}

function format({ origin, kind, edge, checkpoint, issuers }: FsckState): string {
  const members = {
    schema: SCHEMA,
    origin,
    kind,
    size: edge.size.toString(),
    tiles: edge.tiles.map(toBase64),
    checkpoint: toBase64(checkpoint),
    issuers: issuers.map((fingerprint) => toBase64(fromHex(fingerprint))),
  };
  return `${JSON.stringify({ ...members, sha256: checksum(members) }, undefined, 2)}\n`;
}

function parse(text: string): FsckState {
  const { sha256: sum, ...members } = JSON.parse(text) as Record<string, string> & {
    tiles: string[];
    issuers: string[];
  };
  // With its checksum right it is as it was written: a state is the reader's own, not from outside.
  if (members.schema !== SCHEMA) throw new Error(`its schema is not ${SCHEMA}`);
  if (sum !== checksum(members)) throw new Error('its checksum differs');
  const { origin = '', kind, size = '', tiles, checkpoint = '', issuers } = members;
  const edge = { size: BigInt(size), tiles: tiles.map(fromBase64) };
  edgeRoot(edge); // throws unless the tiles are those of the size
  return {
    origin,
    kind: kind === 'data' ? 'data' : 'entries',
    edge,
    checkpoint: fromBase64(checkpoint),
    issuers: issuers.map((fingerprint) => toHex(fromBase64(fingerprint))),
  };
}

function checksum(members: object): string {
  return toHex(sha256(utf8Encode(JSON.stringify(members))));
}
