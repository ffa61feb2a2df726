import { HASH_BYTES } from '#libs/merkle';
import { ENTRY_MAX_BYTES, parseTilePath, TILE_WIDTH, TlogError, type TileKind } from '#libs/tlog';
import { TileStoreError } from './tile-store-error.js';

/** What a path of a log names, and how large it may be. */
export interface LogFile {
  readonly kind: TileKind | 'issuer';
  /** A full tile and an issuer never change; a partial tile is made again from the log's events. */
  readonly full: boolean;
  readonly maxBytes: number;
}

const MAX_BYTES: Readonly<Record<LogFile['kind'], number>> = {
  hashes: TILE_WIDTH * HASH_BYTES,
  entries: TILE_WIDTH * (2 + ENTRY_MAX_BYTES),
  // static-ct-api sets no limit for a leaf: a certificate may have 16 MiB. Above all that a log of ours admits.
  data: 64 * 1024 * 1024,
  issuer: 1024 * 1024,
};

const ISSUER_PATH = /^issuer\/[0-9a-f]{64}$/;

/** The paths of tlog-tiles and static-ct-api only, each in its one form: none leads out of a directory. */
export function parseLogPath(path: string): LogFile {
  if (ISSUER_PATH.test(path)) return { kind: 'issuer', full: true, maxBytes: MAX_BYTES.issuer };
  try {
    const { kind, width } = parseTilePath(path);
    return { kind, full: width === TILE_WIDTH, maxBytes: MAX_BYTES[kind] };
  } catch (cause) {
    if (!(cause instanceof TlogError)) throw cause;
    throw new TileStoreError('invalid-path', `${JSON.stringify(path.slice(0, 100))} is not a file of a log`, { cause });
  }
}
