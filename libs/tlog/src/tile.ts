import { MAX_SIZE } from '#libs/merkle';
import { TlogError } from './error.js';

/** Each level of tiles stands for 8 levels of the tree. */
export const TILE_HEIGHT = 8;

/** Hashes in a full tile, entries in a full bundle: tlog-tiles, "Merkle Tree". */
export const TILE_WIDTH = 256;

/** tlog-tiles: the path allows 0 to 63, though a tree of 2^63 leaves ends at level 7. */
const TILE_MAX_LEVEL = 63;

/** What a path names: hashes of a level of the tree, an entry bundle (tlog-tiles), or a data tile (static-ct-api). */
export type TileKind = 'hashes' | 'entries' | 'data';

export interface TilePath {
  readonly kind: TileKind;
  /** 0 for entries and data: they belong to the leaves. */
  readonly level: number;
  readonly index: bigint;
  /** 1 to 256; 256 is a full tile. */
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]`, relative to the log's prefix. @throws TlogError out-of-range */
export function tilePath(level: number, index: bigint, width: number = TILE_WIDTH): string {
  if (!Number.isInteger(level) || level < 0 || level > TILE_MAX_LEVEL) {
    throw new TlogError('out-of-range', `tile level ${level} is not from 0 to ${TILE_MAX_LEVEL}`);
  }
  return `tile/${level}/${position(index, width)}`;
}

/** `tile/entries/<N>[.p/<W>]`, or `tile/data/…` for a CT log. @throws TlogError out-of-range */
export function entryBundlePath(
  index: bigint,
  width: number = TILE_WIDTH,
  kind: Exclude<TileKind, 'hashes'> = 'entries',
): string {
  return `tile/${kind}/${position(index, width)}`;
}

/** Reads any path that the two functions above write, and no other. @throws TlogError malformed-tile-path */
export function parseTilePath(path: string): TilePath {
  const match = /^tile\/(\d{1,2}|entries|data)\/((?:x\d{3}\/){0,6}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  const [, where = '', groups = '', partial] = match ?? [];
  const kind: TileKind = where === 'entries' || where === 'data' ? where : 'hashes';
  const index = BigInt(groups.replaceAll(/[x/]/g, ''));
  const read = { kind, level: kind === 'hashes' ? Number(where) : 0, index, width: Number(partial ?? TILE_WIDTH) };
  // Leading zeros, an empty first group, a width of 0 or 256: each path has one form, as each is one file.
  if (!match || path !== format(read)) {
    throw new TlogError('malformed-tile-path', `${JSON.stringify(path.slice(0, 100))} is no path of a tile`);
  }
  return read;
}

/** The width of tile `index` of `level` in a tree of `size` leaves: 256 if full, 0 if it has no such tile. */
export function tileWidth(size: bigint, level: number, index: bigint): number {
  const left = (size >> BigInt(TILE_HEIGHT * level)) - index * BigInt(TILE_WIDTH);
  return left <= 0n ? 0 : left >= TILE_WIDTH ? TILE_WIDTH : Number(left);
}

/** tlog-tiles: the partial tile at level l of a tree of size s has floor(s / 256^l) mod 256 hashes. */
export function partialWidth(size: bigint, level: number): number {
  return Number((size >> BigInt(TILE_HEIGHT * level)) % BigInt(TILE_WIDTH));
}

function format({ kind, level, index, width }: TilePath): string | undefined {
  try {
    return kind === 'hashes' ? tilePath(level, index, width) : entryBundlePath(index, width, kind);
  } catch {
    return undefined;
  }
}

/** Groups of three digits, all but the last behind an x, so that no file has the name of a folder: 1234067 → x001/x234/067. */
function position(index: bigint, width: number): string {
  if (index < 0n || index > MAX_SIZE / BigInt(TILE_WIDTH)) {
    throw new TlogError('out-of-range', `tile index ${index} is in no tree of up to 2^63 - 1 leaves`);
  }
  if (!Number.isInteger(width) || width < 1 || width > TILE_WIDTH) {
    throw new TlogError('out-of-range', `tile width ${width} is not from 1 to ${TILE_WIDTH}`);
  }
  const digits = index.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}
