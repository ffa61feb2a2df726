import { TileStoreError, type TileStore } from '#libs/tile-store';
import { parseTilePath, TILE_HEIGHT, TILE_WIDTH, TlogError } from '#libs/tlog';
import { BorrowedBytes } from './borrowed-bytes.js';
import { ByteCache } from './byte-cache.js';
import { ServedFile, type Representation } from './served-file.js';

/** Bytes of tiles, bundles and issuers kept in memory, compressed forms included. */
const CACHE_BYTES = 32 * 1024 * 1024;
/**
 * Larger files aren't kept: a few of them would push out all tiles. Nor are they compressed, since that would be done for
 * each request and costs a second of our time.
 */
const CACHED_FILE_BYTES = 4 * 1024 * 1024;
/** For the object, its headers and its key. */
const OVERHEAD_BYTES = 1024;

// tlog-tiles: tiles and bundles never change.
const IMMUTABLE = 'public, max-age=31536000, immutable';
const CONTENT_TYPES = { tile: 'application/octet-stream', issuer: 'application/pkix-cert' } as const;

interface Held {
  readonly file: ServedFile;
  /** Of a partial file: from this size of the log on, the full one is what is served. */
  readonly replacedAt: bigint | undefined;
}

/** The files of a log for whoever asks: hot ones from memory, all others from disk. The event store isn't asked. */
export class LogReader {
  readonly #cache: ByteCache<Held>;
  /** Files that aren't kept, while they are sent: however many clients take their time, the bytes are there once. */
  readonly #sending = new BorrowedBytes<Held>();
  /** Reads under way, so that a hundred readers of a new tile read it once. */
  readonly #reading = new Map<string, Promise<Held | undefined>>();

  constructor(
    private readonly tiles: Pick<TileStore, 'read'>,
    private readonly publishedSize: () => bigint,
    cacheBytes: number = CACHE_BYTES,
  ) {
    this.#cache = new ByteCache(cacheBytes);
  }

  /** A file in memory: no promise, as most requests end here. */
  hot(path: string): ServedFile | undefined {
    const held = this.#cache.get(path) ?? this.#sending.get(path);
    if (held === undefined) return undefined;
    if (held.replacedAt === undefined || held.replacedAt > this.publishedSize()) return held.file;
    this.#cache.delete(path);
    this.#sending.delete(path);
    return undefined;
  }

  /** Undefined when there is none, or none any more. @throws TileStoreError too-large, io-failed */
  async read(path: string): Promise<ServedFile | undefined> {
    const hot = this.hot(path);
    if (hot !== undefined) return hot;
    const reading = this.#reading.get(path) ?? this.#start(path);
    return (await reading)?.file;
  }

  /** The compressed form of a file that was read from `path`; in memory it takes its own share. */
  async compressed(path: string, file: ServedFile): Promise<Representation> {
    if (file.smallest !== undefined) return file.smallest;
    const compressed = await file.compressed();
    const held = this.#cache.get(path);
    if (held?.file === file) this.#cache.set(path, held, sizeOf(file));
    return compressed;
  }

  #start(path: string): Promise<Held | undefined> {
    const reading = this.#load(path).finally(() => this.#reading.delete(path));
    this.#reading.set(path, reading);
    return reading;
  }

  async #load(path: string): Promise<Held | undefined> {
    const issuer = path.startsWith('issuer/');
    const kind = issuer ? undefined : tileOf(path);
    if (kind && kind.replacedAt !== undefined && kind.replacedAt <= this.publishedSize()) return undefined;
    const bytes = await this.#readFile(path);
    if (bytes === undefined) return undefined;
    const contentType = issuer ? CONTENT_TYPES.issuer : CONTENT_TYPES.tile;
    const headers = { 'content-type': contentType, 'cache-control': IMMUTABLE };
    const isKept = bytes.length <= CACHED_FILE_BYTES;
    const file = new ServedFile(bytes, headers, isKept && (kind?.compressible ?? false));
    const held = { file, replacedAt: kind?.replacedAt };
    if (isKept) this.#cache.set(path, held, sizeOf(file));
    else this.#sending.set(path, held, bytes.buffer);
    return held;
  }

  async #readFile(path: string): Promise<Uint8Array | undefined> {
    try {
      return await this.tiles.read(path);
    } catch (error) {
      if (error instanceof TileStoreError && error.code === 'invalid-path') return undefined;
      throw error;
    }
  }
}

function sizeOf({ identity, smallest = identity }: ServedFile): number {
  return identity.body.length + (smallest === identity ? 0 : smallest.body.length) + OVERHEAD_BYTES;
}

/** What a path says about its file; undefined for one that is no tile's. */
function tileOf(path: string): { compressible: boolean; replacedAt: bigint | undefined } | undefined {
  try {
    const { kind, level, index, width } = parseTilePath(path);
    const replacedAt =
      width === TILE_WIDTH ? undefined : ((index + 1n) * BigInt(TILE_WIDTH)) << BigInt(TILE_HEIGHT * level);
    return { compressible: kind !== 'hashes', replacedAt };
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}
