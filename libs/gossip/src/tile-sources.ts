import { fetchCheckpoint, fetchTile } from '#libs/client';
import type { NodeReader } from '#libs/merkle';
import { tileNodeReader } from '#libs/tlog';

/** For one tile, or one checkpoint. */
const FETCH_TIMEOUT_MS = 5_000;

/** Reads one copy of a log, and keeps the tiles that it got for as long as one looks. */
export class TileSource {
  readonly #tiles = new Map<string, Promise<Uint8Array>>();

  constructor(
    readonly url: string,
    private readonly signal: AbortSignal,
  ) {}

  /** The checkpoint that it shows, a signed note. @throws ServiceError */
  checkpoint(): Promise<Uint8Array> {
    return fetchCheckpoint(this.url, { signal: this.signal, timeoutMs: FETCH_TIMEOUT_MS, tries: 1 });
  }

  /** The nodes of its tree of `size` leaves. What they are worth, a proof shows. */
  nodes(size: bigint): NodeReader {
    return tileNodeReader(size, (level, index, width) => {
      const name = `${level}/${index}/${width}`;
      const known = this.#tiles.get(name);
      if (known) return known;
      const tile = fetchTile(this.url, level, index, width, {
        signal: this.signal,
        timeoutMs: FETCH_TIMEOUT_MS,
        tries: 1,
      });
      this.#tiles.set(name, tile);
      return tile;
    });
  }
}
